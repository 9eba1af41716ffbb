import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createIngest, type IngestDeps } from '../../src/intake/ingest.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import type { StoredReport } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { tempDirectory, tempStore } from '../support/temp-store.ts'
import { markJudged, openHouse, otherReport } from './house.ts'
import { talkTo } from './talk.ts'

let clock = Date.now()

/** Stores a pending report with these octets; each is a millisecond younger than the one before. */
async function accept(store: Store, body = 'hello'): Promise<StoredReport> {
  const raw = Buffer.from(body)
  const stored: StoredReport = {
    id: makeId(++clock, randomBytes(4)),
    messageId: makeId(clock, randomBytes(4)),
    receivedAt: clock,
    sender: '',
    client: { address: '127.0.0.1', host: null },
    fromReporter: true,
    size: raw.length,
    judged: null,
  }
  await store.acceptReport(stored, raw)
  return stored
}

function depsFor(store: Store, more: Partial<IngestDeps> = {}): IngestDeps & { judged: string[] } {
  const judged: string[] = []
  return {
    store,
    parse: async () => otherReport,
    judgeReport: async (stored, report, problem) => {
      judged.push(stored.id)
      await markJudged(store, stored, report, problem)
    },
    log: createLog('silent'),
    metrics: createMetrics('test'),
    now: Date.now,
    backOffMs: 1,
    ...more,
    judged,
  }
}

t.test('what was pending at the start is judged, oldest first, and so is what comes later', async t => {
  const store = await tempStore(t)
  const early = [await accept(store), await accept(store), await accept(store)]
  const deps = depsFor(store, { concurrency: 1 })
  const ingest = createIngest(deps)
  t.teardown(() => ingest.stop())
  await ingest.idle()
  t.same(
    deps.judged,
    early.map(({ id }) => id),
  )
  const late = await accept(store)
  ingest.wake()
  await ingest.idle()
  t.equal(deps.judged.at(-1), late.id)
  t.equal(deps.judged.length, 4, 'each of them once')
})

t.test('no more than so many are judged at a time, and a long backlog is judged whole', async t => {
  const store = await tempStore(t)
  await Promise.all(Array.from({ length: 300 }, () => accept(store)))
  let [now, most, all] = [0, 0, 0]
  const ingest = createIngest(
    depsFor(store, {
      concurrency: 3,
      async judgeReport(stored, report, problem) {
        most = Math.max(most, ++now)
        all++
        await markJudged(store, stored, report, problem)
        now--
      },
    }),
  )
  t.teardown(() => ingest.stop())
  await ingest.idle()
  t.equal(all, 300)
  t.equal(most, 3)
})

t.test('mail that is coming in goes first, and what is pending is judged all the same', async t => {
  const store = await tempStore(t)
  const stored = [await accept(store), await accept(store), await accept(store)]
  const asked: number[] = []
  const deps = depsFor(store, {
    concurrency: 1,
    isMailComing: () => {
      asked.push(deps.judged.length)
      return true
    },
  })
  const ingest = createIngest(deps)
  t.teardown(() => ingest.stop())
  await ingest.idle()
  t.same(
    deps.judged,
    stored.map(({ id }) => id),
  )
  t.same(asked, [0, 1, 2], 'asked before each')
})

t.test('a report that cannot be read is judged as other with its problem, and those behind it go on', async t => {
  const store = await tempStore(t)
  const [bad, good] = [await accept(store, 'bomb'), await accept(store)]
  const deps = depsFor(store, {
    parse: async raw => {
      if (raw.toString() === 'bomb') throw new Error('took longer than 5 s')
      return { ...otherReport, kind: 'auto_reply' }
    },
  })
  const ingest = createIngest(deps)
  t.teardown(() => ingest.stop())
  await ingest.idle()
  t.match((await store.report(bad.id))?.judged, { kind: 'other', problem: 'took longer than 5 s' })
  t.match((await store.report(good.id))?.judged, { kind: 'auto_reply', problem: null })
  t.same(await store.pendingReports(10), [])
  const { values } = await deps.metrics.reports.get()
  t.same(values.map(({ labels, value }) => [labels.kind, value]).sort(), [
    ['auto_reply', 1],
    ['other', 1],
  ])
})

t.test('a report that the judge chokes on is set aside with the problem', async t => {
  const store = await tempStore(t)
  const bad = await accept(store)
  const good = await accept(store)
  const ingest = createIngest(
    depsFor(store, {
      async judgeReport(stored, report, problem) {
        if (stored.id === bad.id) throw new TypeError('x is not a function')
        await markJudged(store, stored, report, problem)
      },
    }),
  )
  t.teardown(() => ingest.stop())
  await ingest.idle()
  t.match((await store.report(bad.id))?.judged, { kind: 'other', problem: 'could not be judged: x is not a function' })
  t.equal((await store.report(good.id))?.judged?.problem, null)
})

t.test('while the store is unavailable nothing is lost, and afterwards all is judged once', async t => {
  const real = await tempStore(t)
  const reports = [await accept(real), await accept(real)]
  let refusals = 5
  const refuse = () => Promise.reject(new StoreUnavailable('the disk is full'))
  const store = new Proxy(real, {
    get: (target, name: keyof Store) => ((name === 'pendingReports' || name === 'rawReport') && refusals-- > 0 ? refuse : target[name]),
  })
  const judgedTimes = new Map<string, number>()
  let failures = 3
  const ingest = createIngest(
    depsFor(store, {
      async judgeReport(stored, report, problem) {
        if (failures-- > 0) throw new StoreUnavailable('again')
        await markJudged(real, stored, report, problem)
        judgedTimes.set(stored.id, (judgedTimes.get(stored.id) ?? 0) + 1)
      },
    }),
  )
  t.teardown(() => ingest.stop())
  await ingest.idle()
  t.ok(refusals <= 0 && failures <= 0)
  t.same([...judgedTimes].sort(), reports.map(({ id }) => [id, 1]).sort())
})

t.test('a stop lets the report being judged finish and begins no other', async t => {
  const store = await tempStore(t)
  const [first, second] = [await accept(store), await accept(store)]
  let finish: () => void = () => {}
  const begun = new Promise<void>(resolve => {
    const ingest = createIngest(
      depsFor(store, {
        concurrency: 1,
        async judgeReport(stored, report, problem) {
          const held = new Promise<void>(go => {
            finish = go
          })
          resolve(ingest.stop())
          finish()
          await held
          await markJudged(store, stored, report, problem)
        },
      }),
    )
  })
  await begun
  t.ok((await store.report(first.id))?.judged)
  t.same(
    (await store.pendingReports(10)).map(({ id }) => id),
    [second.id],
  )
})

t.test('what was answered 250 and not judged when the process died is judged once by the next one', async t => {
  const path = await tempDirectory(t)
  const store = await tempStore(t, { path })
  // This process never gets to the judge: its parser hangs, as good as dead.
  let bury: () => void = () => {}
  const dead = new Promise<never>((_, reject) => {
    bury = () => reject(new Error('dead'))
  })
  dead.catch(() => {})
  const house = await openHouse(t, { store, parse: () => dead, judgeReport: () => dead })
  t.teardown(() => bury())
  const { id, address } = house.token()
  const talk = await talkTo(t, house.at)
  await talk.hear()
  for (const line of ['EHLO x', 'MAIL FROM:<>', `RCPT TO:<${address}>`, 'DATA']) await talk.say(line)
  const reply = await talk.say('Subject: kept\r\n.')
  t.match(reply, /^250 2\.0\.0 /)
  await store.close()

  const reopened = await tempStore(t, { path })
  const deps = depsFor(reopened)
  const next = createIngest(deps)
  await next.idle()
  t.same(deps.judged, [reply?.slice(-16)])
  t.equal((await reopened.report(deps.judged[0] ?? ''))?.messageId, id)
  await next.stop()
  const again = depsFor(reopened)
  const third = createIngest(again)
  await third.idle()
  await third.stop()
  t.same(again.judged, [], 'and never again')
})
