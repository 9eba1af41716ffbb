/**
 * An update may change only what its request named.
 * Pure.
 */
import type { Changes, FactsRequest } from './update.ts'

/** A fold that changes what it did not name would overwrite the work of others: a bug, found at its first run. @throws {TypeError} */
export function assertNamed({ keys, bounceIds }: FactsRequest, { addresses = [], bounces = [] }: Changes): void {
  const named: ReadonlySet<string> = new Set([...keys, ...(bounceIds ?? [])])
  const address = addresses.find(record => !named.has(record.key))
  const bounce = bounces.find(({ id }) => !named.has(id))
  if (address) throw new TypeError('the fold changed an address that its request did not name in keys')
  if (bounce) throw new TypeError(`the fold changed the bounce ${bounce.id}, which its request did not name in bounceIds`)
}

/** The id of the mail that a bounce id begins with. */
export function messageOf(bounceId: string): string {
  const dash = bounceId.lastIndexOf('-')
  return dash === -1 ? bounceId : bounceId.slice(0, dash)
}
