/**
 * Suspects for the API and the page: who is one still, and blocking those that are.
 */
import { z } from 'zod'
import { acceptedBefore } from '../judge/status.ts'
import type { AddressKey } from '../smtp/path.ts'
import { type AddressRecord, isSuspect } from '../store/address-record.ts'
import type { Page, PageRequest } from '../store/page.ts'
import { blockAddress } from './address-deeds.ts'
import type { HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'

const dayMs = 86_400_000
const lookBackMs = 30 * dayMs

type Deps = Pick<HttpDeps, 'store' | 'policy' | 'now' | 'metrics'>

export const suspectSchema = z
  .object({
    address: z.string(),
    returns: z.number().int().describe('soft returns within 30 days'),
    days: z.number().int().describe('on so many different days'),
    firstAt: timeSchema,
    lastAt: timeSchema,
    categories: z.array(z.string()).describe('what they were'),
  })
  .meta({ id: 'Suspect', description: 'An address with 5 soft returns on 5 days within 30 days, and no mail accepted since' })

export type Suspect = z.output<typeof suspectSchema>

/** Loads the addresses that are suspects still, the latest return first. @throws {StoreUnavailable} */
export async function suspectsOf(deps: Deps, request: PageRequest): Promise<Page<Suspect>> {
  const at = deps.now()
  const page = await deps.store.suspects(request)
  const still = await Promise.all(page.items.map(record => isStill(deps, record, at)))
  return { items: page.items.filter((_, index) => still[index]).map(suspectItem), next: page.next }
}

/** Blacklists those of these addresses that are suspects still; the others are left alone. @throws {StoreUnavailable} */
export async function blockSuspects(
  deps: Deps,
  keys: readonly AddressKey[],
  deed: { readonly why: string; readonly by: string | null },
): Promise<{ blocked: string[]; left: string[] }> {
  const at = deps.now()
  const blocked: string[] = []
  const left: string[] = []
  for (const key of new Set(keys)) {
    const record = await deps.store.address(key)
    if (record === null || !(await isStill(deps, record, at))) {
      left.push(key)
      continue
    }
    await blockAddress(deps, key, { ...deed, until: null, address: record.address })
    blocked.push(record.address)
  }
  return { blocked, left }
}

/** Nothing was accepted and kept since the last soft return. */
async function isStill({ store, policy }: Deps, record: AddressRecord, at: number): Promise<boolean> {
  const last = record.soft?.at(-1)
  if (!isSuspect(record) || last === undefined || last.at < at - lookBackMs) return false
  const [accepted, message] = await Promise.all([store.lastAccepted(record.key, acceptedBefore(at, policy)), store.message(last.messageId)])
  return accepted === null || message === null || accepted.seq <= message.seq
}

function suspectItem({ address, soft = [] }: AddressRecord): Suspect {
  const last = soft.at(-1)?.at ?? 0
  const lately = soft.filter(({ at }) => at > last - lookBackMs)
  return {
    address,
    returns: lately.length,
    days: new Set(lately.map(({ at }) => Math.floor(at / dayMs))).size,
    firstAt: formatTime(lately[0]?.at ?? last),
    lastAt: formatTime(last),
    categories: [...new Set(lately.map(({ category }) => category))],
  }
}
