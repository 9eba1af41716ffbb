/**
 * What stands around a real mail server in these tests: rebond before it, as a user runs it; a next hop behind it, whose replies are
 * scripted by local part; and a port where nobody answers.
 *
 *     client → rebond → mail server → next hop
 *                ↑           |
 *                └── returns ┘
 */
import type { Test } from 'tap'
import { type Program, startProgram } from '../support/program.ts'
import { type ScriptedUpstream, scriptedUpstream, type UpstreamSession } from '../support/scripted-upstream.ts'
import { freePort } from './free-port.ts'

export type Neighbourhood = {
  readonly program: Program
  readonly nextHop: ScriptedUpstream
  /** Where the mail server is to listen. */
  readonly port: number
  /** Nobody listens there. */
  readonly closedPort: number
}

/** Replies of the next hop to RCPT, by local part. */
const atRecipient: Readonly<Record<string, string>> = {
  nobody: '550 5.1.1 <nobody@remote.test>: Recipient address rejected: User unknown in virtual mailbox table',
  full: '552 5.2.2 <full@remote.test>: Mailbox full, quota exceeded',
  fuller: '452 4.2.2 The email account that you tried to reach is over quota',
  inactive: '550 5.2.1 <inactive@remote.test>: The mailbox is disabled and does not accept mail',
}
/** Replies to the end of a message for that local part. */
const atEnd: Readonly<Record<string, string>> = {
  spam: '554 5.7.1 Message rejected: it looks like spam',
  virus: '550 5.7.1 Message contains a virus, rejected',
  huge: '552 5.3.4 Message size exceeds fixed maximum message size',
}

/** Opens it; the mail server is then started on `port`. `config` goes into rebond's. */
export async function openNeighbourhood(t: Test, config: object = {}): Promise<Neighbourhood> {
  const nextHop = await scriptedUpstream(t, { greeting: '220 mx.remote.test ESMTP', answer })
  const port = await freePort()
  const program = await startProgram(t, {
    config: {
      hostname: 'relay.crm.test',
      upstream: { host: '127.0.0.1', port },
      returnPath: { domain: 'bounces.crm.test' },
      bounce: { forwardTo: 'none' },
      ...config,
    },
  })
  return { program, nextHop, port, closedPort: await freePort() }
}

function answer(line: string, { lines }: UpstreamSession): string | undefined {
  if (line.startsWith('RCPT')) return atRecipient[localPart(line)]
  if (line !== '.') return undefined
  const rejected = recipientsOf(lines).map(recipient => atEnd[localPart(recipient)])
  return rejected.find(reply => reply !== undefined)
}

/** The RCPT lines of the latest transaction. */
export function recipientsOf(lines: readonly string[]): string[] {
  return lines.slice(lines.findLastIndex(line => line.startsWith('MAIL'))).filter(line => line.startsWith('RCPT'))
}

function localPart(line: string): string {
  return /<([^@>]*)/.exec(line)?.[1] ?? ''
}
