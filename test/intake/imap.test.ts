import t, { type Test } from 'tap'
import { createAcceptance } from '../../src/intake/acceptance.ts'
import { setOf } from '../../src/intake/imap/imap-client.ts'
import type { Mailbox } from '../../src/intake/imap/mailbox.ts'
import { firmFooting, type ReadMailboxDeps, readMailbox } from '../../src/intake/imap/read-mailbox.ts'
import { watchMailbox } from '../../src/intake/imap/watch-mailbox.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { parseReportDirect } from '../../src/report/direct.ts'
import { unreadableReport } from '../../src/report/report.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import type { Store } from '../../src/store/store.ts'
import { tempStore } from '../support/temp-store.ts'
import { until } from '../support/until.ts'
import { returnPathOf } from './house.ts'

const now = Date.UTC(2026, 10, 24, 9)
const returnPath = returnPathOf()
const names = { name: 'news', folder: 'INBOX', processedFolder: 'Rebond' }
const letter = 'From: Jean <jean@example.com>\r\nTo: news@shop.example\r\nSubject: Question\r\n\r\nBonjour\r\n'
const vacation = 'From: Jean <jean@example.com>\r\nAuto-Submitted: auto-replied\r\nSubject: Absent\r\n\r\nBack on Monday\r\n'
let made = 0

/** A return that a real server would send: the token is in its envelope id. */
function returned(id = makeId(now - 60_000, Buffer.from([0, 0, 1, made++]))) {
  const text = `From: MAILER-DAEMON@mx.example.net\r\nTo: news@shop.example\r\nSubject: Undelivered Mail Returned to Sender\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\nOriginal-Envelope-Id: ${returnPath.envelopeId(id)}\r\n\r\nFinal-Recipient: rfc822; jean@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b--\r\n`
  return { id, text }
}

/** A mailbox in memory that notes what is done to it; `dies` may throw before any step. */
function fakeMailbox(mails: Map<number, string>, { dies = (_step: string, _uid?: number) => {}, uidValidity = '1' } = {}) {
  const bodies: number[] = []
  const moved: number[] = []
  let mostHeads = 0
  const mailbox: Mailbox = {
    uidValidity,
    uidNext: Math.max(0, ...mails.keys()) + 1,
    uidsAfter: async after => [...mails.keys()].filter(uid => uid > after),
    async *heads(uids) {
      dies('heads')
      mostHeads = Math.max(mostHeads, uids.length)
      for (const uid of uids) {
        const text = mails.get(uid)
        if (text === undefined) continue
        const header = Buffer.from(text.slice(0, text.indexOf('\r\n\r\n') + 4))
        yield { uid, octets: text.length, arrivedAt: now - 1000, header }
      }
    },
    async octets(uid) {
      dies('octets', uid)
      bodies.push(uid)
      const text = mails.get(uid)
      return text === undefined ? null : Buffer.from(text)
    },
    async move(uid) {
      dies('move')
      mails.delete(uid)
      moved.push(uid)
    },
    changed: () => new Promise(() => {}),
    close: async () => {},
  }
  return { mailbox, bodies, moved, mostHeads: () => mostHeads }
}

async function reader(t: Test, more: Partial<ReadMailboxDeps> = {}) {
  const store = await tempStore(t, { now: () => now })
  const metrics = createMetrics('test')
  const log = createLog('silent')
  const parse = async (raw: Buffer) => parseReportDirect(raw) ?? unreadableReport
  const acceptance = createAcceptance({ store, log, metrics, now: () => now, onAccepted: () => {} })
  const deps = { store, acceptance, returnPath, parse, log, metrics, now: () => now, maxMessageBytes: 100_000, maxAgeDays: 30, ...more }
  const sent = (id: string) => store.appendMessage(messageOf(id), [])
  return { deps, store, sent, read: (mailbox: Mailbox) => readMailbox(deps, mailbox, names, () => false) }
}

const messageOf = (id: string): Parameters<Store['appendMessage']>[0] => ({
  ...{ id, at: now, reversePath: 'news@shop.example', recipients: [], from: null, subject: null, template: null, list: null },
  ...{ headerMessageId: null, size: null },
})

t.test('a return is stored and moved; what people and their machines write stays where it is, its body not even fetched', async t => {
  const { store, read, sent, deps } = await reader(t)
  const one = returned()
  await sent(one.id)
  const stranger = returned()
  const rewritten = `To: ${returnPath.address(one.id)}\r\nSubject: hello\r\n\r\nto our own return path\r\n`
  const forwarded = one.text.replace('\r\n', '\r\nX-Rebond-Forwarded: 06g0000000000000\r\n')
  const large = one.text + 'x'.repeat(100_000)
  const mails = new Map(
    [letter, one.text, vacation, stranger.text, rewritten, forwarded, large].map((text, index) => [index + 1, text] as const),
  )
  const { mailbox, bodies, moved } = fakeMailbox(mails)
  await read(mailbox)
  t.same(moved, [2, 5])
  t.same(bodies, [2, 3, 4, 5])
  t.match(await store.pendingReports(9), [{ messageId: one.id }, { messageId: one.id }])
  const kept = (await store.pendingReports(9)).map(({ foundBy = 'token', via, fromReporter }) => `${foundBy} ${via} ${fromReporter}`)
  t.same(kept.sort(), ['envelope-id imap false', 'token imap false'])
  const { values } = await deps.metrics.imapMails.get()
  t.same(Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value])), { left: 4, taken: 2, too_large: 1 })
  await read(mailbox)
  t.same(bodies, [2, 3, 4, 5], 'the next pass begins behind what was seen')
})

t.test('whatever step the process dies at, nothing is lost and nothing is kept twice', async t => {
  for (const step of ['heads', 'octets', 'move', 'accept', 'position'] as const) {
    const one = returned()
    const { deps, store, sent } = await reader(t)
    await sent(one.id)
    const mails = new Map([[7, one.text]])
    const dies = (at: string) => {
      if (at === step) throw new Error(`died at ${at}`)
    }
    const dying: ReadMailboxDeps = {
      ...deps,
      acceptance: {
        ...deps.acceptance,
        async accept(...given) {
          const accepted = await deps.acceptance.accept(...given)
          dies('accept')
          return accepted
        },
      },
      store: {
        ...store,
        async keepMailboxPosition() {
          dies('position')
        },
      },
    }
    await readMailbox(dying, fakeMailbox(mails, { dies }).mailbox, names, () => false).catch(() => {})
    await readMailbox(deps, fakeMailbox(mails).mailbox, names, () => false)
    t.equal((await store.pendingReports(9)).length, 1, step)
    await readMailbox(deps, fakeMailbox(new Map([[3, one.text]]), { uidValidity: '2' }).mailbox, names, () => false)
    t.equal((await store.pendingReports(9)).length, 1, `${step}, and the server numbered its mail anew`)
  }
})

t.test('a mail that cannot be read keeps the others back for three tries, and a server that gives nothing loses none', async t => {
  const { deps, store, sent } = await reader(t)
  const returns = Array.from({ length: 5 }, () => returned())
  for (const { id } of returns) await sent(id)
  const mails = new Map(returns.map(({ text }, index) => [index + 1, text] as const))
  const footing = firmFooting()
  const pass = (bad: readonly number[]) => {
    const dies = (step: string, uid = 0) => {
      if (step === 'octets' && bad.includes(uid)) throw new Error('the literal is too large')
    }
    return readMailbox(deps, fakeMailbox(mails, { dies }).mailbox, { ...names, processedFolder: null }, () => false, footing)
  }
  const kept = async () => (await store.pendingReports(9)).length
  for (let day = 0; day < 20; day++) await t.rejects(pass([1, 2, 3, 4, 5]), 'the server gives nothing')
  t.equal(await store.mailboxPosition('news INBOX'), null, 'however often: none is passed over')
  for (let tries = 0; tries < 2; tries++) await t.rejects(pass([2, 3]), 'then two are ill: each gets a last try')
  await pass([2, 3])
  t.equal(await kept(), 3, 'the others are read')
  t.same(await store.mailboxPosition('news INBOX'), { uidValidity: '1', lastUid: 5 })
  const { values } = await deps.metrics.imapMails.get()
  t.match(
    values.find(({ labels }) => labels.outcome === 'failed'),
    { value: 2 },
  )
  mails.set(6, returned().text)
  await t.rejects(pass([6]))
  await t.rejects(pass([6]), 'the last one is tried on and on')
})

t.test('a mailbox of 50,000 other mails: looked through once, 200 heads at a time, none touched', async t => {
  const { store, read } = await reader(t)
  const mails = new Map(Array.from({ length: 50_000 }, (_, index) => [index + 1, letter] as const))
  const { mailbox, bodies, moved, mostHeads } = fakeMailbox(mails)
  await read(mailbox)
  t.same([bodies, moved, mostHeads()], [[], [], 200])
  t.same(await store.mailboxPosition('news INBOX'), { uidValidity: '1', lastUid: 50_000 })
})

t.test('uids are asked for as a sequence set, so that a batch is what was found and no more', t => {
  for (const [uids, set] of [
    [[7], '7'],
    [[1, 2, 3], '1:3'],
    [[1, 3, 4, 90_000], '1,3:4,90000'],
  ] as const)
    t.equal(setOf(uids), set)
  t.end()
})

t.test('trouble is said, waited out, and over when the mailbox opens', async t => {
  const { deps } = await reader(t)
  let opened = 0
  const { mailbox } = fakeMailbox(new Map())
  const watch = watchMailbox(
    { ...deps, claim: async () => true, random: () => 0, backOffMs: [1, 2] },
    { ...names, pollSeconds: 60 },
    async () => {
      if (++opened < 3) throw new Error('imap.example.com:993 refuses the log-in of news')
      return mailbox
    },
  )
  t.equal(watch.state(), 'not opened yet')
  await until(
    async () => watch.state(),
    state => state === true,
  )
  t.equal(opened, 3)
  await watch.stop()
})
