/**
 * Mail clients that nobody here wrote, each sending one mail to three recipients, one of them deferred; and what each was told.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createTransport } from 'nodemailer'
import type { Address } from '../support/program.ts'

export type Client = {
  readonly name: string
  /** Says why it cannot be run here; null when it can. */
  readonly missing: string | null
  /** Sends as `hello`; gives the lines of every reply, as they came. */
  send(at: Address, hello: string): Promise<string[]>
}

const from = 'crm@sender.test'
export const clientRecipients = ['jean@example.com', 'later@example.com', 'anne@example.com'] as const
const date = 'Tue, 24 Nov 2026 10:00:00 +0000'
const body = 'Bonjour,\n.\n..deux points\nçà et là\n\n'
const header = `From: Shop <${from}>\nTo: Jean <jean@example.com>\nSubject: hello\nDate: ${date}\nMessage-ID: <1@crm.test>\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n`

const python = `
import smtplib, sys
host, port, hello, sender, recipients = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]
with smtplib.SMTP(local_hostname=hello) as server:
    server.set_debuglevel(1)
    server.connect(host, port)
    server.ehlo()
    server.sendmail(sender, recipients, sys.stdin.buffer.read(), mail_options=["BODY=8BITMIME"])
`

export const clients: readonly Client[] = [
  { name: 'nodemailer', missing: null, send: sendByNodemailer },
  {
    name: "Python's smtplib",
    missing: missing('python3', '--version'),
    async send({ host, port }, hello) {
      const out = await run('python3', ['-c', python, host, String(port), hello, from, ...clientRecipients], `${header}\n${body}`)
      return lines(out, /^reply: b'(.*?)(?:\\r)?(?:\\n)?'/)
    },
  },
  {
    name: 'swaks',
    missing: missing('swaks', '--version'),
    async send({ host, port }, hello) {
      const args = ['--server', `${host}:${port}`, '--helo', hello, '--from', from, '--to', clientRecipients.join(','), '--data', '-']
      return lines(await run('swaks', args, `${header}\n${body.replace(/^\./gm, '..')}`), /^<(?:-|\*\*) +(.*)/)
    },
  },
]

async function sendByNodemailer({ host, port }: Address, hello: string): Promise<string[]> {
  const heard: string[] = []
  const hear = ({ tnx }: { tnx?: string }, text: string) => void (tnx === 'server' && heard.push(...text.split(/\r?\n/)))
  const logger = { level() {}, trace: hear, debug: hear, info: hear, warn: hear, error: hear, fatal: hear }
  const transport = createTransport({ host, port, name: hello, ignoreTLS: true, logger, debug: true })
  try {
    await transport.sendMail({ envelope: { from, to: [...clientRecipients] }, raw: `${header}\n${body}` })
  } finally {
    transport.close()
  }
  return heard
}

/** Runs `smtp-source` for many messages at once; it checks the replies itself. Gives its exit status. */
export async function smtpSource({ host, port }: Address, hello: string, options: readonly string[]): Promise<number | null> {
  const child = spawn('smtp-source', [...options, '-M', hello, '-f', from, '-t', 'many@example.com', `${host}:${port}`], {
    stdio: 'inherit',
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return status
}

/** Says that a program is not here; null when it is. */
export function missing(program: string, ...args: readonly string[]): string | null {
  return spawnSync(program, args, { stdio: 'ignore' }).error ? `NOT RUN: ${program} is not installed` : null
}

async function run(program: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(program, args, { stdio: 'pipe' })
  const pieces: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => pieces.push(piece))
  child.stdin.end(input)
  await once(child, 'close')
  return Buffer.concat(pieces).toString()
}

function lines(output: string, wanted: RegExp): string[] {
  return output.split('\n').flatMap(line => wanted.exec(line)?.[1] ?? [])
}
