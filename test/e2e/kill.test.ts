/**
 * Promise 5: what was acknowledged is kept. Twenty rounds of `kill -9` right behind an acknowledgement, on one data directory.
 */
import { createTransport } from 'nodemailer'
import t, { type Test } from 'tap'
import { type Program, startProgram, temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'

const rounds = 20

type Json = { readonly [key: string]: unknown }

async function api(program: Program, path: string, init?: { method: string; body: object }): Promise<Json> {
  const answer = await fetch(
    program.url + path,
    init && { method: init.method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(init.body) },
  )
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Json
}

const statusOf = async (program: Program, who: string) => (await api(program, `/v1/addresses/${who}`)).status

/** A report about a mail that went to `who` alone, as the recipient's server would send it. */
const dsn = (who: string) => `From: MAILER-DAEMON@mx.example.net
Subject: Undelivered Mail
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

/** Sends one mail and gives the reply to its dot. */
async function mail(at: { host: string; port: number }, from: string, to: string, raw: string): Promise<string> {
  const transport = createTransport({ ...at, secure: false, ignoreTLS: true })
  try {
    return (await transport.sendMail({ envelope: { from, to: [to] }, raw })).response
  } finally {
    transport.close()
  }
}

t.test(`${rounds} rounds of kill -9 behind an acknowledged return, block or unblock lose nothing`, async (t: Test) => {
  const directory = await temporaryDirectory(t)
  /** What the program has answered for, and must still know. */
  const owed = new Map<string, 'blacklisted' | 'unknown'>()
  let program = await startProgram(t, { directory })
  for (let round = 0; round < rounds; round++) {
    const who = `round${round}@shop.example`
    if (round % 3 === 0) {
      t.match(await mail(program.relay, 'news@shop.example', who, 'Subject: hello\r\n\r\nhello\r\n'), /^250 /)
      const { items } = (await api(program, `/v1/messages?address=${who}`)) as { items: { returnPath: string }[] }
      const returnPath = items[0]?.returnPath ?? ''
      t.match(await mail(program.bounce, '', returnPath, dsn(who)), /^250 /)
      owed.set(who, 'blacklisted')
    } else if (round % 3 === 1) {
      await api(program, `/v1/addresses/${who}/block`, { method: 'PUT', body: { why: 'asked us' } })
      owed.set(who, 'blacklisted')
    } else {
      const blocked = [...owed].find(([, status]) => status === 'blacklisted')?.[0] ?? ''
      await until(
        () => statusOf(program, blocked),
        status => status === 'blacklisted',
      )
      await api(program, `/v1/addresses/${blocked}/unblock`, { method: 'POST', body: { why: 'it is back' } })
      owed.set(blocked, 'unknown')
    }
    t.equal(await program.end('SIGKILL'), 'SIGKILL')
    program = await startProgram(t, { directory })
    for (const [address, status] of owed) {
      // A return that was acknowledged and not judged yet is judged by the next start: an event to wait for, not a loss.
      const seen = await until(
        () => statusOf(program, address),
        now => now === status || status === 'unknown',
      )
      t.equal(seen, status, `round ${round}: ${address}`)
    }
  }
  t.equal(await program.end('SIGTERM'), 0)
})
