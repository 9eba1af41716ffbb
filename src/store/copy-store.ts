/**
 * Copies a store into an empty one, kind by kind, and says whether both then hold the same: by count, and by a sum of hashes that no order
 * changes. A copy that was cut short goes on where it was.
 */
import { createHash } from 'node:crypto'
import { type Archive, type ArchivedKind, archivedKinds } from './archive.ts'

/** `copied`: rows so far, with those of an earlier run that was cut short. */
export type CopyStep = { readonly kind: ArchivedKind; readonly doing: 'copying' | 'verifying'; readonly rows: number }

export type Verified = { readonly kind: ArchivedKind; readonly rows: number; readonly same: boolean }

/** The target holds something, and not by a copy that was cut short. */
export class TargetNotEmpty extends Error {
  readonly code = 'ERR_TARGET_NOT_EMPTY'
}

type Mark = { readonly kind: ArchivedKind; readonly place: string | null }

/** Rows that are in memory at once. */
const chunk = 500

/**
 * Copies all of `from` to `to`, and verifies it; `onStep` is told of the progress.
 * @throws {TargetNotEmpty} nothing was written. @throws {StoreUnavailable} say it again, and it goes on.
 */
export async function copyStore(from: Archive, to: Archive, onStep: (step: CopyStep) => void): Promise<readonly Verified[]> {
  const text = await to.mark()
  if (text === null && !(await isEmpty(to)))
    throw new TargetNotEmpty('the store that is copied to must be empty, and holds something: give it another place')
  const mark: Mark = text === null ? { kind: archivedKinds[0], place: null } : (JSON.parse(text) as Mark)
  await to.setMark(JSON.stringify(mark))
  for (const kind of archivedKinds.slice(archivedKinds.indexOf(mark.kind))) {
    await copyKind(from, to, kind, kind === mark.kind ? mark.place : null, rows => onStep({ kind, doing: 'copying', rows }))
  }
  await to.finish(await from.numbers())
  const verified: Verified[] = []
  for (const kind of archivedKinds) {
    const tell = (rows: number) => onStep({ kind, doing: 'verifying', rows })
    const [one, other] = [await digest(from, kind, tell), await digest(to, kind, tell)]
    verified.push({ kind, rows: other.rows, same: one.rows === other.rows && one.sum === other.sum })
  }
  if (verified.every(({ same }) => same)) await to.setMark(null)
  return verified
}

async function isEmpty(archive: Archive): Promise<boolean> {
  for (const kind of archivedKinds) if ((await archive.read(kind, null, 1)).length > 0) return false
  return true
}

async function copyKind<K extends ArchivedKind>(
  from: Archive,
  to: Archive,
  kind: K,
  start: string | null,
  tell: (rows: number) => void,
): Promise<void> {
  for (let place = start; ; ) {
    const rows = await from.read(kind, place, chunk)
    const last = rows.at(-1)
    if (!last) return
    await to.write(
      kind,
      rows.map(({ record }) => record),
    )
    place = last.place
    await to.setMark(JSON.stringify({ kind, place } satisfies Mark))
    tell(rows.length)
  }
}

async function digest<K extends ArchivedKind>(
  archive: Archive,
  kind: K,
  tell: (rows: number) => void,
): Promise<{ readonly rows: number; readonly sum: bigint }> {
  let count = 0
  let sum = 0n
  for (let place: string | null = null; ; ) {
    const rows: Awaited<ReturnType<typeof archive.read<K>>> = await archive.read(kind, place, chunk)
    const last = rows.at(-1)
    if (!last) return { rows: count, sum }
    for (const { record } of rows) sum = BigInt.asUintN(128, sum + hashOf(record))
    count += rows.length
    place = last.place
    tell(rows.length)
  }
}

function hashOf(record: unknown): bigint {
  return createHash('sha256')
    .update(JSON.stringify(ordered(record)))
    .digest()
    .readBigUInt64BE()
}

/** The same value with the keys of its objects in order: engines put records together in orders of their own. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, ordered(inner)]),
  )
}
