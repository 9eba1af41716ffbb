/**
 * What happens to the program, its neighbours and its machine. Each fault is inflicted under load and taken back; ordeal.ts chooses.
 */
import type { Chance } from '../support/seeded.ts'
import { until } from '../support/until.ts'
import type { House } from './house.ts'
import type { Ledger } from './ledger.ts'
import type { MoodyUpstream } from './moody-upstream.ts'
import { rest } from './numbered-crm.ts'

export type Scene = { readonly house: House; readonly upstream: MoodyUpstream; readonly ledger: Ledger; readonly chance: Chance }

/** What a fault does; says why when it cannot be had here. */
export type Fault = (scene: Scene) => Promise<string | undefined>

const hourMs = 3_600_000
/** How far from the truth the clock may get. */
export const farthestMs = 48 * hourMs
const acknowledgements = ['mail', 'return', 'block', 'unblock'] as const

export const faults = {
  async 'kill -9'({ house, chance }) {
    await rest(chance.below(300))
    await house.end('SIGKILL')
    await house.start()
  },

  async 'kill -9 right behind an acknowledgement'({ house, ledger, chance }) {
    const wanted = chance.pick(acknowledgements)
    await new Promise<void>(resolve => {
      ledger.onAcknowledged = of => {
        if (of !== wanted) return
        ledger.onAcknowledged = () => {}
        process.kill(house.program()?.pid ?? 0, 'SIGKILL')
        resolve()
      }
    })
    await house.end('SIGKILL')
    await house.start()
  },

  async SIGTERM({ house }) {
    await house.end('SIGTERM')
    await house.start()
  },

  async 'upstream is killed and comes back'({ upstream, chance }) {
    upstream.close()
    await rest(200 + chance.below(800))
    await upstream.reopen()
  },

  async 'upstream resets, stalls, refuses, answers late and too late'({ upstream, chance }) {
    upstream.trouble = 0.3
    await rest(1000 + chance.below(1500))
    upstream.trouble = 0.01
  },

  async 'the webhook endpoint fails'({ house, chance }) {
    for (let i = chance.below(20); i >= 0; i--) house.webhooks.script.push(chance.pick([500, 503, 'hang up'] as const))
  },

  async 'the disk is full and is freed'({ house, chance }) {
    if (!house.hasDisk) return 'there is no disk of its own (root only)'
    await house.fillDisk()
    await until(
      () => storeIsWell(house),
      well => !well,
    )
    await rest(chance.below(1000))
    await house.freeDisk()
  },

  async 'the files of the store become unreadable while the disk is full'({ house, chance }) {
    if (!house.hasDisk) return 'there is no disk of its own (root only)'
    await house.chmodStore(0)
    await house.fillDisk()
    await until(
      () => storeIsWell(house),
      well => !well,
    )
    await house.freeDisk()
    await rest(chance.below(1000))
    if (await storeIsWell(house)) throw new Error('a store whose files cannot be read is said to be well')
    await house.chmodStore(0o600)
  },

  async 'kill -9, and the files of the store are unreadable at the next start'({ house }) {
    await house.end('SIGKILL')
    await house.chmodStore(0)
    const refused = await house.start().then(() => '', String)
    if (!/must belong to the user that rebond runs as/.test(refused)) throw new Error(`started with unreadable files, or said: ${refused}`)
    await house.chmodStore(0o600)
    await house.start()
  },

  async 'the clock jumps'({ house, chance }) {
    await house.setClock(Math.trunc((chance.below(2 * farthestMs) - farthestMs) / (chance.happens(0.5) ? 1 : 20)))
  },

  async 'descriptors run out'({ house, chance }) {
    await house.limitDescriptors(chance.below(4))
    await rest(1000)
    await house.limitDescriptors(null)
  },

  async 'it is stopped for a moment, and goes on'({ house, chance }) {
    const pid = house.program()?.pid ?? 0
    process.kill(pid, 'SIGSTOP')
    await rest(chance.below(1500))
    process.kill(pid, 'SIGCONT')
  },
} satisfies Record<string, Fault>

export type FaultName = keyof typeof faults

async function storeIsWell(house: House): Promise<boolean> {
  const answer = await fetch(`${house.program()?.url}/readyz`).catch(() => null)
  return ((await answer?.json()) as { checks?: { store: boolean } } | undefined)?.checks?.store === true
}
