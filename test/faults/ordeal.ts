/**
 * An ordeal: load from all sides, faults one after another, then quiet, and the accounts. Seeded: the choice and size of faults, the mails and
 * what upstream does follow from the seed; when exactly each meets the other is the machine's.
 */
import type { Test } from 'tap'
import { type Chance, seeded } from '../support/seeded.ts'
import { until } from '../support/until.ts'
import { type Accounts, settleAccounts } from './accounts.ts'
import { type Fault, type FaultName, farthestMs, faults, type Scene } from './faults.ts'
import { type House, openHouse } from './house.ts'
import { openLedger } from './ledger.ts'
import { moodyUpstream } from './moody-upstream.ts'
import { sendNumberedMails, type Worker } from './numbered-crm.ts'
import { blockAndUnblock, bringReturns } from './witnesses.ts'

export type OrdealOptions = {
  readonly seed: number
  /** What happens, in this order. */
  readonly faults: readonly FaultName[]
  readonly crms: number
  readonly restMs: number
  /** Acknowledgements of any kind between two faults. */
  readonly between: number
  /** Without: the data stands in a plain directory. */
  readonly disk?: boolean
}

const hourMs = 3_600_000

/** Goes through it all; gives the accounts, how often each fault was there, and those that could not be had. */
export async function ordeal(t: Test, options: OrdealOptions): Promise<Accounts & { readonly skipped: ReadonlyMap<string, string> }> {
  const chance = seeded(options.seed)
  const ledger = openLedger()
  const upstream = await moodyUpstream(t, ledger, seeded(chance.below(2 ** 31)))
  const house = await openHouse(t, upstream, { disk: options.disk ?? true })
  await house.start()
  upstream.trouble = 0.01
  const working = work(house, ledger, options, chance)
  const skipped = await inflict(t, options.faults, { house, upstream, ledger, chance }, options.between).finally(working.stop)
  await quiet(house, upstream)
  t.comment(`${Math.round(performance.now() / 1000)} s, nothing is owed any more`)
  const program = house.program()
  if (!program) throw new Error('the program does not run')
  const webhooks = house.webhooks.received.map(({ headers, body }) => ({ id: String(headers['webhook-id']), body }))
  const accounts = await settleAccounts(program, ledger, webhooks)
  t.equal(await house.end('SIGTERM'), 0, 'it ends as it should')
  return { ...accounts, skipped }
}

/** One fault after another, each under load; gives those that could not be had, and why. */
async function inflict(t: Test, names: readonly FaultName[], scene: Scene, between: number): Promise<Map<string, string>> {
  const skipped = new Map<string, string>()
  const { ledger, house } = scene
  for (const name of names) {
    const enough = ledger.acknowledged + between
    await until(
      async () => ledger.acknowledged,
      count => count >= enough,
    )
    const fault: Fault = faults[name]
    const why = await fault(scene)
    if (why !== undefined) skipped.set(name, why)
    await house.ready()
    const seconds = Math.round(performance.now() / 1000)
    t.comment(`${seconds} s, ${ledger.mails.size} mails, ${ledger.acknowledged} acknowledgements: ${name}${why ? ` SKIPPED: ${why}` : ''}`)
  }
  return skipped
}

function work(house: House, ledger: Worker['ledger'], { crms, restMs }: OrdealOptions, chance: Chance) {
  let stopped = false
  const worker = (at: Worker['at'], rest = restMs): Worker => ({
    ...{ ledger, at, restMs: rest },
    chance: seeded(chance.below(2 ** 31)),
    stopped: () => stopped,
  })
  const relay = () => house.program()?.relay ?? null
  const done = Promise.all([
    ...Array.from({ length: crms }, () => sendNumberedMails(worker(relay))),
    ...Array.from({ length: 4 }, () => bringReturns(worker(() => house.program()?.bounce ?? null))),
    ...['a', 'b'].map(name => blockAndUnblock({ ...worker(relay), name, url: () => house.program()?.url ?? null })),
  ])
  return {
    async stop() {
      stopped = true
      await done
    },
  }
}

/** Everybody is well, and the clock goes on by hours until nothing is owed any more. */
async function quiet(house: House, upstream: { trouble: number }): Promise<void> {
  upstream.trouble = 0
  house.webhooks.script.length = 0
  for (let offsetMs = farthestMs; ; offsetMs += 3 * hourMs) {
    await house.end('SIGKILL')
    await house.setClock(offsetMs)
    const { url } = await house.start()
    const owed = async () => {
      const { counts } = (await (await fetch(`${url}/v1/status`)).json()) as { counts: Record<string, number> }
      return { now: (counts.pendingReports ?? 0) + (counts.owedMails ?? 0) + (counts.webhooks ?? 0), dead: counts.deadLetters }
    }
    let last = -1
    let asked = 0
    const { now, dead } = await until(owed, count => {
      const moves = count.now !== last || asked++ < 50
      last = count.now
      return count.now === 0 || !moves
    })
    if (dead !== 0) throw new Error(`${dead} dead letters`)
    if (now === 0) return
    if (offsetMs > farthestMs + 60 * hourMs) throw new Error(`${now} things are owed for ever`)
  }
}
