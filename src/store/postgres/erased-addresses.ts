/**
 * Finding what is left of an erased address, by the address, in PostgreSQL: the second half of each statement is run only when the store holds any (a row
 * of `meta`, written by the first erasure), so that it costs nothing before, and no node can miss what another has just erased.
 */
import { randomBytes } from 'node:crypto'
import type { AddressKey } from '../../smtp/path.ts'
import type { AddressRecord } from '../address-record.ts'
import { pseudonymOf } from '../erased.ts'
import { underAddress } from '../erased-records.ts'
import type { Run } from './database.ts'

/** Gives the key that stands for an address once it is erased. */
export type Pseudonym = (key: AddressKey) => AddressKey

/** Of keys in $1 and their pseudonyms in $2. */
const either = (columns: string, where: string): string => `select ${columns} from addresses where key = any($1) ${where}
  union all select ${columns} from addresses where key = any($2) ${where} and (select exists (select from meta where name = 'hashed'))`

const addresses = { name: 'addresses', text: either('key, data', '') }

/** The lookup of every RCPT. */
export const lookupStatement = { name: 'lookup', text: either('key, block', 'and blocked_since is not null') }

/** The secret that erased addresses are hashed with; the first node makes it. */
export async function openPseudonyms(run: Run): Promise<Pseudonym> {
  await run({ text: `insert into meta values ('erased', $1) on conflict do nothing` }, [randomBytes(32).toString('base64url')])
  const [row] = await run<{ value: string }>({ text: `select value from meta where name = 'erased'` })
  const secret = row?.value ?? ''
  return key => pseudonymOf(secret, key)
}

export type FoundAddresses = {
  /** As whoever asks with the address sees them, with blocks whose time may be up, in any order. */
  readonly records: readonly AddressRecord[]
  /** Those that stand under a pseudonym: address → pseudonym. */
  readonly stored: ReadonlyMap<AddressKey, AddressKey>
}

/** Reads addresses, also those that were erased. */
export async function readAddresses(run: Run, keys: readonly AddressKey[], pseudonym: Pseudonym): Promise<FoundAddresses> {
  if (keys.length === 0) return { records: [], stored: new Map() }
  const addressOf = new Map(keys.map(key => [pseudonym(key), key]))
  const rows = await run<{ key: AddressKey; data: AddressRecord }>(addresses, [keys, [...addressOf.keys()]])
  const whole = new Set(rows.map(({ key }) => key).filter(key => !addressOf.has(key)))
  const stored = new Map<AddressKey, AddressKey>()
  const records = rows.flatMap(({ key, data }) => {
    const address = addressOf.get(key)
    if (address === undefined || keys.includes(key)) return [data]
    // What came after the erasure says more.
    if (whole.has(address)) return []
    stored.set(address, key)
    return [underAddress(data, address)]
  })
  return { records, stored }
}
