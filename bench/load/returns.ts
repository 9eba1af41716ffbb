/**
 * Returns by the thousand: mails in a journal, and for each a return as Postfix writes it, brought over kept connections.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createLog } from '../../src/observe/log.ts'
import { createReturnPath } from '../../src/return-path/return-path.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import type { AddressKey } from '../../src/smtp/path.ts'
import { reply } from '../../src/smtp/reply.ts'
import { readOrMakeKeyFile } from '../../src/store/key-file.ts'
import { openLevelStore } from '../../src/store/level-store.ts'

/** A mail in the journal: its return path and its recipient. */
export type ReturnedMail = { readonly token: string; readonly to: string }

/** The section `returnPath` under which these mails left. */
export const returnPathConfig = { address: 'b-{token}@{domain}', domain: 'bounces.bench.test', maxAgeDays: 30 }

/** A return of Postfix's. */
const template = `From: MAILER-DAEMON@upstream.bench.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {token}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host upstream.bench.test.

<{to}>: host {host}[192.0.2.1] said: 550 5.1.1 <{to}>:
    Recipient address rejected: User unknown in virtual mailbox table (in
    reply to RCPT TO command)

--B
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; upstream.bench.test
X-Postfix-Queue-ID: 4F1A22C0
Arrival-Date: Tue, 24 Nov 2026 09:00:00 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: failed
Status: 5.1.1
Remote-MTA: dns; {host}
Diagnostic-Code: smtp; 550 5.1.1 <{to}>: Recipient address rejected: User
    unknown in virtual mailbox table

--B
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <{token}>
From: News <news@crm.example>
To: Jean <{to}>
Subject: Your order
Message-ID: <1@crm.example>

--B--
.
`.replaceAll('\n', '\r\n')

/** Fills the journal of a store that is not open; gives each mail's return path and recipient. */
export async function journalMails(path: string, count: number): Promise<ReturnedMail[]> {
  const store = await openLevelStore({ path, now: Date.now, log: createLog('warn') })
  const { key } = await readOrMakeKeyFile(join(path, 'return-path.key'))
  const returnPath = createReturnPath({ ...returnPathConfig, keys: [key] })
  const at = Date.now() - 60_000
  const mails = Array.from({ length: count }, (_, n) => {
    const id = makeId(at + (n % 1000), Buffer.from([n >> 24, n >> 16, n >> 8, n]))
    return { id, token: returnPath.address(id), to: `user${n}@dead${n % 500}.example` }
  })
  for (let from = 0; from < mails.length; from += 500)
    await Promise.all(
      mails.slice(from, from + 500).map(async ({ id, to }) => {
        await store.appendMessage(
          {
            id,
            at,
            reversePath: 'news@crm.example',
            recipients: [{ address: to, key: to as AddressKey, name: 'Jean', verdict: 'relayed', reply: reply(250, '2.1.5', 'Ok') }],
            from: { name: 'News', address: 'news@crm.example' },
            subject: 'Your order',
            template: null,
            list: 'autumn',
            headerMessageId: `<${id}@crm.example>`,
            size: 2000,
          },
          [],
        )
        store.settleMessage(id, { outcome: 'accepted', at, reply: reply(250, '2.0.0', 'Ok'), upstreamId: id })
      }),
    )
  await store.close()
  return mails
}

/** Brings a return for each mail, by so many sessions at once. @throws {Error} one was not taken */
export async function bringReturns(port: number, mails: readonly ReturnedMail[], sessions: number): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: sessions }, () => session(port, () => mails[next++] ?? null)))
}

/** One kept connection that sends returns until there is none left, one after another, MAIL, RCPT and DATA in one batch. */
async function session(port: number, take: () => ReturnedMail | null): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  let text = ''
  let wake = () => {}
  socket.setEncoding('latin1')
  socket.on('data', piece => {
    text += piece
    wake()
  })
  socket.on('close', () => wake())
  await once(socket, 'connect')
  const hear = async (code: string, replies: number) => {
    for (;;) {
      const lines = text.split('\r\n')
      const ends = lines.filter((line, index) => index < lines.length - 1 && line[3] === ' ')
      const wrong = ends.find(line => !line.startsWith('2') && !line.startsWith('3'))
      if (wrong) throw new Error(`the listener says ${wrong}`)
      if (ends.length >= replies && ends.at(-1)?.startsWith(code)) break
      if (socket.destroyed) throw new Error('the listener closed the connection')
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    text = ''
  }
  await hear('220', 1)
  socket.write('EHLO upstream.bench.test\r\n')
  await hear('250', 1)
  for (let one = take(); one; one = take()) {
    socket.write(`MAIL FROM:<>\r\nRCPT TO:<${one.token}>\r\nDATA\r\n`)
    await hear('354', 3)
    socket.write(reportTo(one))
    await hear('250', 1)
  }
  socket.end('QUIT\r\n')
}

function reportTo({ token, to }: ReturnedMail): string {
  return template
    .replaceAll('{token}', token)
    .replaceAll('{to}', to)
    .replaceAll('{host}', `mx.${to.slice(to.indexOf('@') + 1)}`)
}
