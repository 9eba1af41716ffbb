/**
 * A store that tells: every update also commits, in the same unit, what it has to tell (tellings.ts).
 *
 * So an event and its telling are on disk together or not at all: whatever was acknowledged is in the change feed and owed to the endpoints that
 * want it, also after `kill -9`.
 */
import type { WebhookEvent } from '../config/webhooks.ts'
import type { Change } from '../store/change-records.ts'
import type { Delivery } from '../store/delivery-records.ts'
import type { Store } from '../store/store.ts'
import type { Changes, Facts } from '../store/update.ts'
import { type Telling, tellingsOf } from './tellings.ts'

/** Who wants which events. */
export type Listener = { readonly name: string; readonly events: readonly WebhookEvent[] }

export type TellingStoreOptions = {
  readonly listeners: readonly Listener[]
  readonly now: () => number
  /** Called when changes were added to the feed. */
  readonly onChange: () => void
  /** Called when webhooks are owed. */
  readonly onOwed: () => void
}

/** Makes every update of `store` tell. */
export function tellingStore(store: Store, { listeners, now, onChange, onOwed }: TellingStoreOptions): Store {
  return {
    ...store,
    async update(request, fold) {
      let told: Pick<Changes, 'feed' | 'deliveries'> = {}
      const result = await store.update(request, facts => {
        const folded = fold(facts)
        told = withTellings(facts, folded.changes, listeners, now())
        return { ...folded, changes: { ...folded.changes, ...told } }
      })
      if (told.feed?.length) onChange()
      if (told.deliveries?.length) onOwed()
      return result
    },
  }
}

/** What is to be committed with these changes so that they are told. Pure. */
export function withTellings(
  facts: Pick<Facts, 'addresses' | 'bounces' | 'incidents' | 'seq'>,
  changes: Changes,
  listeners: readonly Listener[],
  now: number,
): { readonly feed: readonly Change[]; readonly deliveries: readonly Delivery[] } {
  const { feed, events } = tellingsOf(facts, changes, now)
  const told = changes.isBulk ? [] : events
  const deliveries = told.flatMap((telling, index) =>
    listeners
      .filter(({ events: wanted }) => wanted.includes(telling.event))
      .map(({ name }) => deliveryOf(name, telling, facts.seq, index, now)),
  )
  return { feed: [...(changes.feed ?? []), ...feed], deliveries: [...(changes.deliveries ?? []), ...deliveries] }
}

function deliveryOf(endpoint: string, { event, data, bounceId }: Telling, seq: number, index: number, at: number): Delivery {
  const waiting = { since: at, dueAt: at, attempts: 0, lastStatus: null, lastError: null, ended: null }
  return { id: eventId(seq, index), endpoint, event, at, data, bounceId, ...waiting }
}

/** One number of the store's sequence belongs to one update: ids are unique, and sort as the updates do. */
function eventId(seq: number, index: number): string {
  return `evt_${seq.toString(36).padStart(11, '0')}${index.toString(36).padStart(4, '0')}`
}
