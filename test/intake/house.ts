/**
 * An intake for tests: a real store, a real listener on a free port, a return path with a fixed key.
 */
import type { Test } from 'tap'
import { type BounceConfig, configSchema } from '../../src/config/schema.ts'
import type { JudgeReport, Parse } from '../../src/intake/ingest.ts'
import { createIntake, type Intake, type IntakeDeps } from '../../src/intake/intake.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts'
import { type Report, unreadableReport } from '../../src/report/report.ts'
import { createReturnPath, type ReturnPath } from '../../src/return-path/return-path.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import type { StoredReport } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import { tempStore } from '../support/temp-store.ts'

export const otherReport: Report = unreadableReport

export const returnPathOf = (keyByte = 7, maxAgeDays = 30): ReturnPath =>
  createReturnPath({ address: 'b-{token}@{domain}', domain: 'bounces.example.com', keys: [Buffer.alloc(32, keyByte)], maxAgeDays })

export type House = {
  readonly at: { host: string; port: number }
  readonly intake: Intake
  readonly store: Store
  readonly metrics: Metrics
  readonly returnPath: ReturnPath
  /** A fresh id and the return path with it. */
  token(at?: number): { id: string; address: string }
  /** Reports as the judge got them, in order. */
  readonly judged: { stored: StoredReport; report: Report; problem: string | null }[]
  count(metric: 'reportsRejected' | 'sessionsRefused' | 'protocolErrors' | 'reports', labels: Record<string, string>): Promise<number>
}

export type Furnishing = Partial<Omit<IntakeDeps, 'config'>> & { readonly config?: Partial<BounceConfig> }

/** Opens a house; by default this machine is a stranger to it (no reporters). */
export async function openHouse(t: Test, { config, ...deps }: Furnishing = {}): Promise<House> {
  const store = deps.store ?? (await tempStore(t))
  const metrics = deps.metrics ?? createMetrics('test')
  const returnPath = deps.returnPath ?? returnPathOf()
  const judged: House['judged'] = []
  const parse: Parse = deps.parse ?? (async () => otherReport)
  const judgeReport: JudgeReport =
    deps.judgeReport ??
    (async (stored, report, problem) => {
      judged.push({ stored, report, problem })
      await markJudged(store, stored, report, problem)
    })
  const bounce = configSchema.parse({}).bounce
  const intake = createIntake({
    hostname: 'rebond.test',
    log: createLog('silent'),
    now: Date.now,
    ...deps,
    store,
    metrics,
    returnPath,
    parse,
    judgeReport,
    config: { ...bounce, listen: [{ host: '127.0.0.1', port: 0, tls: 'none', protocol: 'smtp' }], reporters: [], ...config },
  })
  const [at] = await intake.listen()
  if (!at) throw new Error('nothing listens')
  t.teardown(() => intake.stop())
  let made = 0
  return {
    at,
    intake,
    store,
    metrics,
    returnPath,
    judged,
    token(when = Date.now()) {
      const id = makeId(when, Buffer.from([0, 0, 0, ++made]))
      return { id, address: returnPath.address(id) }
    },
    async count(metric, labels) {
      const { values } = await metrics[metric].get()
      const wanted = Object.entries(labels)
      return values.find(one => wanted.every(([name, value]) => (one.labels as Record<string, unknown>)[name] === value))?.value ?? 0
    },
  }
}

/** What the real judge does at the least: the report leaves the pending list. */
export async function markJudged(store: Store, stored: StoredReport, report: Report, problem: string | null): Promise<void> {
  const judged = { at: Date.now(), kind: report.kind, bounceIds: [], problem }
  await store.update({ keys: [] }, () => ({ changes: { report: { ...stored, judged } }, result: null }))
}
