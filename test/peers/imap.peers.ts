/**
 * Mailboxes of a real Dovecot, read by rebond as a user runs it: trust, log-ins, waking up, and all that may go wrong. `npm run test:peers`, as root.
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createReturnPath } from '../../src/return-path/return-path.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import { reply } from '../../src/smtp/reply.ts'
import { keyOf } from '../http/fixture.ts'
import { type Program, startProgram, temporaryDirectory } from '../support/program.ts'
import { tempStore } from '../support/temp-store.ts'
import { tlsFile } from '../support/tls-files.ts'
import { tokenServer } from '../support/token-server.ts'
import { until } from '../support/until.ts'
import { type Dovecot, dovecotMissing, password, startDovecot } from './dovecot.ts'

const skip = dovecotMissing() ?? false
if (skip) console.error(skip)

const key = Buffer.alloc(32, 7)
const returnPath = createReturnPath({ address: 'b-{token}@{domain}', domain: 'bounces.shop.test', keys: [key], maxAgeDays: 30 })
let made = 0

/** A data directory whose journal has a mail to each of so many addresses; `start` runs rebond on it with these mailboxes. */
async function openHouse(t: Test, count: number) {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'key'), `${key.toString('base64')}\n`)
  await writeFile(join(directory, 'password'), `${password}\n`)
  const store = await tempStore(t, { path: join(directory, 'data') })
  const mails: { id: string; address: string; text: string }[] = []
  for (let index = 0; index < count; index++) {
    const [id, address] = [makeId(Date.now() - 60_000, Buffer.from([9, 0, made >> 8, made++ & 255])), `dead-${index}@remote.test`]
    await store.appendMessage(
      {
        ...{ id, at: Date.now() - 60_000, reversePath: 'news@shop.test', from: null, subject: 'Hello', template: null, list: null },
        recipients: [{ address, key: keyOf(address), name: null, verdict: 'relayed', reply: reply(250, '2.1.5', 'Ok') }],
        ...{ headerMessageId: null, size: 9 },
      },
      [],
    )
    mails.push({ id, address, text: returned(id, address) })
  }
  await store.close()
  const start = (mailbox: object, more: object = {}) =>
    startProgram(t, {
      directory,
      config: {
        returnPath: { domain: 'bounces.shop.test', keyFile: join(directory, 'key') },
        bounce: { forwardTo: 'none' },
        intake: {
          imap: [{ name: 'news', host: '127.0.0.1', user: 'news', passwordFile: join(directory, 'password'), tls: 'none', ...mailbox }],
        },
        ...more,
      },
    })
  return { directory, mails, start, reopened: () => tempStore(t, { path: join(directory, 'data') }) }
}

function returned(id: string, address: string): string {
  return `From: MAILER-DAEMON@mx.remote.test\r\nTo: <${returnPath.address(id)}>\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.remote.test\r\n\r\nFinal-Recipient: rfc822; ${address}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n--b--\r\n`
}

const textsOf = (mails: readonly { readonly text: string }[]) => mails.map(({ text }) => text)
const letters = (count: number) => Array.from({ length: count }, (_, number) => letter(number))
const letter = (number: number) => `From: Jean <jean@example.com>\nTo: news@shop.test\nSubject: Question ${number}\n\nBonjour\n`

const numberOf = (flag: '-u' | '-g') => Number(spawnSync('id', [flag, 'dovecot']).stdout)

type Mails = string | Buffer | readonly (string | Buffer)[]

/** Delivers mails into a Maildir as a mail server does: written beside, then moved in. */
async function deliver({ maildir }: Dovecot, mails: Mails, folder = ''): Promise<void> {
  const root = join(maildir('news'), folder)
  const owner = [numberOf('-u'), numberOf('-g')] as const
  for (const path of [maildir('news'), root, ...['tmp', 'new', 'cur'].map(sub => join(root, sub))]) {
    await mkdir(path, { recursive: true })
    await chown(path, ...owner)
  }
  for (const mail of [mails].flat()) {
    const name = `${Date.now()}.M${made++}.host`
    await writeFile(join(root, 'tmp', name), mail)
    await chown(join(root, 'tmp', name), ...owner)
    await rename(join(root, 'tmp', name), join(root, 'new', name))
  }
}

const answer = async (program: Program, path: string) =>
  (await fetch(program.url + path)).json() as Promise<{ status: string; checks: { mailboxes: string } }>
const mailboxes = async (program: Program): Promise<string> => (await answer(program, '/readyz')).checks.mailboxes
const blacklisted = (program: Program, addresses: readonly string[]) =>
  until(
    async () => Promise.all(addresses.map(async address => (await answer(program, `/v1/addresses/${address}`)).status)),
    statuses => statuses.every(status => status === 'blacklisted'),
  )

async function counted(program: Program): Promise<Record<string, number>> {
  const text = await (await fetch(`${program.url}/metrics`)).text()
  const found = text.matchAll(/^rebond_imap_mails_total\{mailbox="news",outcome="(\w+)"\} (\d+)$/gm)
  return Object.fromEntries([...found].map(([, outcome, value]) => [outcome, Number(value)]))
}

/** Names of the files in a folder, and how many of them are marked as seen. */
async function filesIn({ maildir }: Dovecot, folder = ''): Promise<{ count: number; seen: number }> {
  const names = (await Promise.all(['new', 'cur'].map(sub => readdir(join(maildir('news'), folder, sub)).catch(() => [])))).flat()
  return { count: names.length, seen: names.filter(name => /:2,.*S/.test(name)).length }
}

/** Resident memory in MiB. */
function residentOf({ pid }: Program): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
}

t.test(
  'TLS: a certificate that is trusted, and those that are not, in words; a password, a folder, a host that is wrong',
  { skip },
  async t => {
    const dovecot = await startDovecot(t, { tls: true })
    const { mails, start, directory } = await openHouse(t, 2)
    await writeFile(join(directory, 'wrong'), 'not-the-password\n')
    const caFile = tlsFile('ca.pem')
    await deliver(dovecot, textsOf(mails))
    const { port, tlsPort } = dovecot
    for (const [mailbox, words] of [
      [
        { port: tlsPort, tls: 'implicit' },
        /^news: the certificate of 127\.0\.0\.1:\d+ is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/,
      ],
      [{ port, tls: 'starttls' }, /^news: the certificate of 127\.0\.0\.1:\d+ is not trusted/],
      [{ host: '127.0.0.2', port: tlsPort, tls: 'implicit', caFile }, /^news: 127\.0\.0\.2:\d+ cannot be reached \(ECONNREFUSED\)$/],
      [
        { port: tlsPort, tls: 'implicit', caFile, passwordFile: join(directory, 'wrong') },
        /^news: 127\.0\.0\.1:\d+ refuses the log-in of news: /,
      ],
      [
        { port: tlsPort, tls: 'implicit', caFile, folder: 'Retours' },
        /^news: 127\.0\.0\.1:\d+ does not open the folder Retours: .*doesn't exist/,
      ],
      [{ port: 1, tls: 'none' }, /^news: 127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\)$/],
    ] as const) {
      const program = await start(mailbox)
      const state = await until(
        () => mailboxes(program),
        said => said !== 'news: not opened yet' && said !== 'ok',
      )
      t.match(state, words, JSON.stringify(mailbox))
      t.match(program.log(), /a mailbox cannot be read now/)
      t.notMatch(program.log(), /not-the-password|dovecot-secret/, 'no secret in the log')
      t.equal((await fetch(`${program.url}/readyz`)).status, 200, 'mail passes all the same')
      t.equal(await program.end('SIGTERM'), 0)
    }
    for (const [index, mailbox] of [
      { port: tlsPort, tls: 'implicit', caFile },
      { port, tls: 'starttls', caFile, host: 'localhost' },
    ].entries()) {
      const program = await start(mailbox)
      await blacklisted(program, [mails[index]?.address ?? ''])
      t.equal(
        await until(
          () => mailboxes(program),
          state => state === 'ok',
        ),
        'ok',
        JSON.stringify(mailbox),
      )
      await program.end('SIGTERM')
    }
  },
)

t.test('XOAUTH2: a token of the token server opens the mailbox, and one that is refused is renewed', { skip }, async t => {
  const good = new Set(['second'])
  const introspection = createServer(async (request, response) => {
    const bearer = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(good.has(bearer) ? { active: 'true', username: 'news' } : { active: 'false' }))
  }).listen(0, '127.0.0.1')
  await once(introspection, 'listening')
  t.teardown(() => introspection.close())
  const dovecot = await startDovecot(t, { introspectionUrl: `http://127.0.0.1:${(introspection.address() as { port: number }).port}/` })
  const tokens = await tokenServer(t, number => ({ body: { access_token: number === 1 ? 'first' : 'second', expires_in: 3600 } }))
  const { mails, start, directory } = await openHouse(t, 1)
  await writeFile(join(directory, 'client'), 'client-secret\n')
  await deliver(dovecot, mails[0]?.text ?? '')
  const oauth2 = { tokenUrl: tokens.url, clientId: 'rebond', clientSecretFile: join(directory, 'client'), scope: 'imap' }
  const program = await start({ port: dovecot.port, passwordFile: null, oauth2 })
  t.match(
    await until(
      () => mailboxes(program),
      state => state.includes('refuses'),
    ),
    /refuses the log-in of news/,
  )
  await blacklisted(program, [mails[0]?.address ?? ''])
  t.equal(await mailboxes(program), 'ok')
  t.match(tokens.asked, [{ client_id: 'rebond', scope: 'imap' }, { client_id: 'rebond' }])
  t.notMatch(program.log(), /client-secret|"first"|"second"/)
})

t.test('IDLE: a return is taken when it comes, not when the poll is due', { skip }, async t => {
  const dovecot = await startDovecot(t)
  const { mails, start } = await openHouse(t, 3)
  await deliver(dovecot, letter(1))
  const program = await start({ port: dovecot.port, pollSeconds: 3600 })
  await until(
    () => mailboxes(program),
    state => state === 'ok',
  )
  for (const { text, address } of mails) {
    const began = Date.now()
    await deliver(dovecot, text)
    await blacklisted(program, [address])
    console.error(`woken up and judged after ${Date.now() - began} ms`)
  }
  t.same(await filesIn(dovecot), { count: 1, seen: 0 })
  t.equal((await filesIn(dovecot, '.Rebond')).count, 3)
})

t.test('50,000 other mails: none touched, memory bounded', { skip }, async t => {
  const dovecot = await startDovecot(t)
  const { mails, start } = await openHouse(t, 3)
  const quiet = await start({ port: 1, pollSeconds: 3600 })
  const before = residentOf(quiet)
  await quiet.end('SIGTERM')
  await deliver(dovecot, mails[0]?.text ?? '')
  await deliver(dovecot, letters(50_000))
  await deliver(dovecot, mails[1]?.text ?? '')
  const began = Date.now()
  const program = await start({ port: dovecot.port, pollSeconds: 3600 })
  let most = 0
  await until(
    async () => {
      most = Math.max(most, residentOf(program))
      return counted(program)
    },
    ({ left = 0, taken = 0 }) => left >= 50_000 && taken >= 2,
  )
  console.error(`50,000 other mails: ${Date.now() - began} ms, ${before} MiB without a mailbox, ${most} MiB at most`)
  t.same(await counted(program), { left: 50_000, taken: 2 })
  t.same(await filesIn(dovecot), { count: 50_000, seen: 0 })
  t.ok(most < before + 150, `${most} MiB`)
  const again = Date.now()
  await deliver(dovecot, mails[2]?.text ?? '')
  await blacklisted(program, [mails[2]?.address ?? ''])
  console.error(`one more: ${Date.now() - again} ms`)
  const now = await until(
    () => counted(program),
    ({ taken = 0 }) => taken >= 3,
  )
  t.same(now, { left: 50_000, taken: 3 }, 'the others are not looked at again')
})

t.test('kill -9, again and again: nothing lost, nothing judged twice', { skip }, async t => {
  const dovecot = await startDovecot(t)
  const { mails, start, reopened } = await openHouse(t, 40)
  await deliver(dovecot, [...textsOf(mails), ...letters(20)])
  let kills = 0
  for (; (await filesIn(dovecot, '.Rebond')).count < 25; kills++) {
    const program = await start({ port: dovecot.port })
    const moved = (await filesIn(dovecot, '.Rebond')).count
    // Somewhere in the middle of the next mails: another number of them each time.
    await until(
      () => filesIn(dovecot, '.Rebond'),
      ({ count }) => count >= moved + (kills % 7),
    )
    await program.end('SIGKILL')
  }
  const program = await start({ port: dovecot.port })
  await until(
    () => filesIn(dovecot, '.Rebond'),
    ({ count }) => count >= mails.length,
  )
  await blacklisted(
    program,
    mails.map(({ address }) => address),
  )
  t.equal(await program.end('SIGTERM'), 0)
  const store = await reopened()
  let hard = 0
  let reports = 0
  for (const { id, address } of mails) {
    reports += (await store.reportsOf(id)).length
    hard += (await store.address(keyOf(address)))?.counts.hard ?? 0
  }
  t.same([reports, hard], [mails.length, mails.length], `after ${kills} kills, each return is there once, and was judged once`)
  console.error(`${kills} times killed in the middle of ${mails.length} returns`)
  t.same(await filesIn(dovecot), { count: 20, seen: 0 })
})

t.test('60 MB, broken MIME, a head that does not end, a folder that vanishes: said, counted, and the rest goes on', { skip }, async t => {
  const dovecot = await startDovecot(t)
  const { mails, start } = await openHouse(t, 6)
  const [large, broken, after, vanished, ...others] = mails
  const big = Buffer.alloc(60_000_000, 'x'.repeat(70).concat('\r\n'))
  await deliver(dovecot, Buffer.concat([Buffer.from(large?.text ?? ''), big]), '.Retours')
  await deliver(
    dovecot,
    `To: <${returnPath.address(broken?.id ?? '')}>\r\nContent-Type: multipart/report; boundary="${'('.repeat(9)}\r\n\r\n--((\r\n\0\xff\r\nFinal-Recipient: rfc822`,
    '.Retours',
  )
  await deliver(dovecot, `Subject: x\r\n${`To: ${'a'.repeat(900)}@example.com\r\n`.repeat(35_000)}\r\nx`, '.Retours')
  await deliver(dovecot, after?.text ?? '', '.Retours')
  const program = await start({ port: dovecot.port, folder: 'Retours', pollSeconds: 5 })
  const before = residentOf(program)
  await blacklisted(program, [after?.address ?? ''])
  console.error(`${before} MiB before, ${residentOf(program)} MiB behind a mail of 60 MB and a head of 32 MB`)
  const seen = await until(
    () => counted(program),
    ({ taken = 0 }) => taken >= 2,
  )
  t.match(seen, { too_large: 1, taken: 2, left: 1 })
  t.match(program.log(), /larger than bounce\.maxMessageBytes/)

  await rm(join(dovecot.maildir('news'), '.Retours'), { recursive: true })
  t.match(
    await until(
      () => mailboxes(program),
      state => state !== 'ok',
    ),
    /^news: /,
    'the folder is gone',
  )
  console.error(await mailboxes(program))
  await deliver(dovecot, vanished?.text ?? '', '.Retours')
  await deliver(dovecot, textsOf(others), '.Retours')
  await blacklisted(
    program,
    [vanished, ...others].map(mail => mail?.address ?? ''),
  )
  t.equal(await mailboxes(program), 'ok', 'and there again')
})
