/**
 * Returns with what the view shows beside them: the journal's record of the mail, and the status of the address now.
 */
import type { AddressStatus } from '../judge/status.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Message } from '../store/message-records.ts'
import type { Bounce } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import { addressFacts } from './address-facts.ts'
import type { HttpDeps } from './app.ts'
import { type BounceItem, bounceItem } from './bounce-item.ts'

/** Makes the items of some returns; each mail and each address is looked up once. @throws {StoreUnavailable} */
export async function bounceItems(
  { store, policy, now }: Pick<HttpDeps, 'store' | 'policy' | 'now'>,
  bounces: readonly Bounce[],
): Promise<BounceItem[]> {
  const at = now()
  const messages = new Map<string, Promise<Message | null>>()
  const statuses = new Map<AddressKey, Promise<AddressStatus>>()
  const messageOf = (id: string) => once(messages, id, () => store.message(id))
  const statusOf = (key: AddressKey) => once(statuses, key, async () => (await addressFacts(store, policy, key, at)).status)
  return Promise.all(
    bounces.map(async bounce => {
      const [message, status] = await Promise.all([bounce.messageId === null ? null : messageOf(bounce.messageId), statusOf(bounce.key)])
      return bounceItem(bounce, message, status)
    }),
  )
}

/** Loads the returns of a mail, newest first. @throws {StoreUnavailable} */
export async function returnsOf(store: Store, message: Message): Promise<Bounce[]> {
  const returns = await store.bouncesOf(message.id)
  return returns.toSorted((a, b) => b.receivedAt - a.receivedAt)
}

function once<K, V>(known: Map<K, Promise<V>>, key: K, load: () => Promise<V>): Promise<V> {
  const before = known.get(key)
  if (before) return before
  const loading = load()
  known.set(key, loading)
  return loading
}
