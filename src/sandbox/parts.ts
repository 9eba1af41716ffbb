/**
 * The parts the sandbox plays: `CASE@sandbox.test` and `CASE+anything@sandbox.test`, each with the words of a server as seen in the field.
 *
 * No server, no clock: a table and the reading of an address.
 */
import { type Reply, reply } from '../smtp/reply.ts'

/** The domain whose local parts name a part. */
export const sandboxMailDomain = 'sandbox.test'

/** What a delivery status notification says of one recipient (RFC 3464 §2.3). */
export type Fate = {
  readonly action: 'failed' | 'delayed' | 'delivered'
  readonly status: string
  readonly remoteMta: string | null
  /** With its type: `smtp; 550 …`, or `X-Postfix; …` when no server spoke. */
  readonly diagnostic: string
  /** The same for people, as Postfix words it. */
  readonly explanation: string
}

export type Part =
  | { readonly plays: 'accept' | 'slow' | 'vacation' | 'complaint' }
  | { readonly plays: 'refuse'; readonly at: 'rcpt' | 'dot'; readonly reply: Reply }
  | {
      readonly plays: 'notify'
      /** The notification goes to a return path whose signature is wrong. */
      readonly forged: boolean
      readonly fate: Fate
    }

const mx = 'mx.sandbox.test'

/** A server said it, in reply to `command`. */
const said = (action: Fate['action'], status: string, line: string, command: string): Fate => ({
  action,
  status,
  remoteMta: mx,
  diagnostic: `smtp; ${line}`,
  explanation: `host ${mx}[192.0.2.25] said: ${line} (in reply to ${command} command)`,
})

/** No server spoke: the words of our own mail system. */
const unreached = (action: Fate['action'], status: string, words: string): Fate => ({
  action,
  status,
  remoteMta: null,
  diagnostic: `X-Postfix; ${words}`,
  explanation: words,
})

const lost = (fate: Fate): Part => ({ plays: 'notify', forged: false, fate })
const refuse = (at: 'rcpt' | 'dot', code: number, enhanced: string, text: string): Part => ({
  plays: 'refuse',
  at,
  reply: reply(code, enhanced, text),
})

const noAnswer = `connect to ${mx}[192.0.2.25]:25: Connection timed out`

/** The part for an address, whose words name it. */
function partsFor(address: string): Readonly<Record<string, Part>> {
  const unknownUser = said('failed', '5.1.1', `550 5.1.1 <${address}>: Recipient address rejected: User unknown`, 'RCPT TO')
  return {
    unknown: refuse('rcpt', 550, '5.1.1', `<${address}>: Recipient address rejected: User unknown`),
    full: refuse('rcpt', 452, '4.2.2', `<${address}>: Mailbox full`),
    greylist: refuse('rcpt', 451, '4.7.1', `<${address}>: Greylisted, please try again in 5 minutes`),
    spam: refuse('dot', 554, '5.7.1', 'Message refused: it looks like spam'),
    slow: { plays: 'slow' },
    vacation: { plays: 'vacation' },
    complaint: { plays: 'complaint' },
    'unknown-late': lost(unknownUser),
    'nodomain-late': lost(
      unreached(
        'failed',
        '5.4.4',
        `Host or domain name not found. Name service error for name=${sandboxMailDomain} type=A: Host not found`,
      ),
    ),
    'disabled-late': lost(said('failed', '5.2.1', '550 5.2.1 The email account that you tried to reach is disabled', 'RCPT TO')),
    'full-late': lost(said('failed', '5.2.2', `552 5.2.2 <${address}>: Mailbox full: user is over quota`, 'RCPT TO')),
    'noanswer-late': lost(unreached('failed', '4.4.1', noAnswer)),
    'spam-late': lost(said('failed', '5.7.1', '554 5.7.1 Message rejected as spam by content filtering', 'end of DATA')),
    delay: lost(unreached('delayed', '4.4.1', noAnswer)),
    success: lost(said('delivered', '2.0.0', '250 2.0.0 Ok: delivered to mailbox', 'end of DATA')),
    'forged-late': { plays: 'notify', forged: true, fate: unknownUser },
  }
}

/** The part an address asks for; `accept` for any other. `address` is without brackets. */
export function partFor(address: string): Part {
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1).toLowerCase()
  const [name = ''] = address.slice(0, at).toLowerCase().split('+')
  // A canary of ours (doc/operations.md): its address is one that the bounce listener refuses.
  if (name.startsWith('canary-')) return partsFor(address)['unknown-late'] ?? { plays: 'accept' }
  const parts = domain === sandboxMailDomain ? partsFor(address) : {}
  return (Object.hasOwn(parts, name) ? parts[name] : undefined) ?? { plays: 'accept' }
}
