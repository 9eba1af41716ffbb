/**
 * A CRM that goes on sending over kept connections until it is told to stop, and remembers what was acknowledged.
 */
import { createTransport } from 'nodemailer'
import type { Test } from 'tap'
import type { Address, Program } from './program.ts'
import { smtpClient } from './smtp-client.ts'

export type Crm = {
  /** Subjects of mails whose dot was answered 250. */
  readonly acknowledged: readonly string[]
  /** Replies to RCPT, by their code. */
  readonly rcptCodes: ReadonlyMap<string, number>
  stop(): Promise<void>
}

let sent = 0

/** Starts to send; a connection that ends is opened again while the node answers. */
export function startCrm(t: Test, relay: Address, connections: number): Crm {
  const acknowledged: string[] = []
  const rcptCodes = new Map<string, number>()
  let stopped = false

  async function work(): Promise<void> {
    while (!stopped) {
      const client = await smtpClient(t, relay).catch(() => null)
      if (!client) return
      let reply = await client.read()
      reply = await client.ask('EHLO crm')
      while (!stopped && reply !== '(closed)') {
        const subject = `mail ${++sent}`
        reply = await client.ask('MAIL FROM:<crm@shop.example>')
        if (reply.startsWith('250')) reply = await client.ask(`RCPT TO:<user${sent % 1000}@example.org>`)
        rcptCodes.set(reply.slice(0, 3), (rcptCodes.get(reply.slice(0, 3)) ?? 0) + 1)
        if (reply.startsWith('250')) reply = await client.ask('DATA')
        if (reply.startsWith('354')) reply = await client.ask(`Subject: ${subject}\r\n\r\nhello\r\n.`)
        if (reply.startsWith('250 ')) acknowledged.push(subject)
        else {
          reply = await client.ask('RSET')
          await new Promise(resolve => setTimeout(resolve, 50))
        }
      }
      client.socket.destroy()
    }
  }

  const working = Promise.all(Array.from({ length: connections }, work))
  return {
    acknowledged,
    rcptCodes,
    async stop() {
      stopped = true
      await working
    },
  }
}

/** The reply to RCPT for this address. */
export async function askRcpt(t: Test, relay: Address, who: string): Promise<string> {
  const client = await smtpClient(t, relay)
  await client.read()
  await client.ask('EHLO crm')
  await client.ask('MAIL FROM:<crm@shop.example>')
  const reply = await client.ask(`RCPT TO:<${who}>`)
  client.socket.destroy()
  return reply
}

/** Sends one mail and gives the reply to its dot. */
export async function sendMail(at: Address, from: string, to: string, raw: string): Promise<string> {
  const transport = createTransport({ ...at, secure: false, ignoreTLS: true })
  try {
    return (await transport.sendMail({ envelope: { from, to: [to] }, raw })).response
  } finally {
    transport.close()
  }
}

/** A report that `who` does not exist, as the recipient's server would send it. */
export const returnFor = (who: string) => `From: MAILER-DAEMON@mx.example.net
Subject: Undelivered Mail to ${who}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ${who}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550 5.1.1 <${who}>: Recipient address rejected: User unknown in virtual mailbox table

--b--
`

export type Json = { readonly [key: string]: unknown }

/** Asks a node's API. */
export async function api(program: Program, path: string, init?: { readonly method: string; readonly body: object }): Promise<Json> {
  const answer = await fetch(
    program.url + path,
    init && { method: init.method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(init.body) },
  )
  if (!answer.ok && answer.status !== 503) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Json
}
