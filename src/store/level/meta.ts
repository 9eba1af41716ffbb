/**
 * What the store knows of itself, in keys that begin with `meta`: schema version, highest sequence number and number of the change feed, counters, cursor
 * key.
 *
 * Schema versions: a store of a newer version is refused, one of an older version is brought forward step by step when it is opened
 * (doc/adr/0002). Version 1 is the first.
 */
import { randomBytes } from 'node:crypto'
import { StoreUnavailable } from '../store-unavailable.ts'
import { key } from './keys.ts'
import { type CounterName, counters } from './unit.ts'

/** The layout of keys and records that this code reads and writes. */
export const schemaVersion = 1

export const metaKeys = {
  schema: key('meta', 'schema'),
  seq: key('meta', 'seq'),
  feed: key('meta', 'feed'),
  cursor: key('meta', 'cursor'),
  erased: key('meta', 'erased'),
  probe: key('meta', 'probe'),
  count: (name: CounterName) => key('meta', 'count', name),
}

export type Meta = {
  /** The highest sequence number that a commit carried. */
  readonly seq: number
  /** The highest number of the change feed. */
  readonly feed: number
  readonly counts: Readonly<Record<CounterName, number>>
  /** Secret that cursors are made with; a fresh one when the store is new. */
  readonly cursorKey: string
  /** Secret that erased addresses are hashed with; a fresh one when the store is new. */
  readonly erasedKey: string
}

/** Reads what the store knows of itself. @throws {StoreUnavailable} `ERR_STORE_SCHEMA`: a newer version of rebond wrote it. */
export function readMeta(read: (key: string) => string | undefined, location: string): Meta {
  const schema = read(metaKeys.schema)
  if (schema !== undefined && Number(schema) !== schemaVersion)
    throw new StoreUnavailable(
      `the store in ${location} has schema ${schema}, and this version of rebond knows ${schemaVersion}; ` +
        'start the version that wrote it, or restore a backup made before the upgrade',
      { code: 'ERR_STORE_SCHEMA' },
    )
  const number = (name: string) => Number(read(name) ?? 0)
  const counts = Object.fromEntries(counters.map(name => [name, number(metaKeys.count(name))])) as Record<CounterName, number>
  return {
    seq: number(metaKeys.seq),
    feed: number(metaKeys.feed),
    counts,
    cursorKey: read(metaKeys.cursor) ?? randomBytes(16).toString('base64url'),
    erasedKey: read(metaKeys.erased) ?? randomBytes(32).toString('base64url'),
  }
}
