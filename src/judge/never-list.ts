/**
 * The operator's `policy.never`: addresses and domains that no return may blacklist.
 *
 * A domain stands for itself and its sub-domains; with an `@` in front (`@example.com`) for itself only. Pure.
 */
import { type AddressKey, addressKeyOf, domainKey, domainOfKey } from '../smtp/path.ts'

type NeverList = { readonly addresses: ReadonlySet<string>; readonly domains: ReadonlySet<string>; readonly only: ReadonlySet<string> }

/** Folded once per configuration: it may hold thousands of entries, and every return asks. */
const folded = new WeakMap<readonly string[], NeverList>()

/** Says whether a list, as the configuration gives it, holds this address or its domain. */
export function isNever(list: readonly string[], key: AddressKey): boolean {
  if (list.length === 0) return false
  const never = folded.get(list) ?? fold(list)
  folded.set(list, never)
  const domain = domainOfKey(key)
  if (never.addresses.has(key) || never.only.has(domain)) return true
  for (let parent = domain; parent !== ''; parent = parentOf(parent)) if (never.domains.has(parent)) return true
  return false
}

function fold(list: readonly string[]): NeverList {
  const addresses = new Set<string>()
  const domains = new Set<string>()
  const only = new Set<string>()
  for (const entry of list.map(text => text.trim())) {
    if (entry.startsWith('@')) only.add(domainKey(entry.slice(1)))
    else if (entry.includes('@')) addresses.add(addressKeyOf(entry) ?? entry.toLowerCase())
    else domains.add(domainKey(entry))
  }
  return { addresses, domains, only }
}

function parentOf(domain: string): string {
  const dot = domain.indexOf('.')
  return dot === -1 ? '' : domain.slice(dot + 1)
}
