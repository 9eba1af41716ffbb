/**
 * The LevelDB database under the engine: how it is opened, what the engine uses of it, and what its errors mean to an operator.
 *
 * LevelDB's own rules (each seen to be true, doc/adr/0002): a directory must never be opened twice in one process, because the refused
 * second open drops the first one's lock; after a rejected write it must be closed and opened again before the next one, because it goes on
 * appending behind a torn record and loses all of that at the next start.
 */
import { chmod, readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { makeDirectory } from '../make-directory.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import type { KeyRange } from './keys.ts'

export type KeyIterator = { nextv(count: number): Promise<string[]>; close(): Promise<void> }

export type EntryIterator = { nextv(count: number): Promise<[key: string, value: Buffer][]>; close(): Promise<void> }

export type Batch = {
  put(key: string, value: string): unknown
  put(key: string, value: Buffer, options: { readonly valueEncoding: 'buffer' }): unknown
  del(key: string): unknown
  /** With `sync`, resolves when the batch and all before it are on disk. */
  write(options: { readonly sync: boolean }): Promise<void>
}

/** What the engine uses of an open database; keys and values are UTF-8 text, raw mail is octets. */
export type Database = {
  getSync(key: string): string | undefined
  getMany(keys: string[]): Promise<(string | undefined)[]>
  getBytes(key: string): Buffer | undefined
  keys(range: KeyRange & { readonly reverse: boolean }): KeyIterator
  /** Everything, as it is now, whatever is written meanwhile; values are octets. */
  entries(): EntryIterator
  batch(): Batch
  close(): Promise<void>
}

/** Opens the database in a directory that exists, or makes it there. */
export type OpenDatabase = (location: string) => Promise<Database>

/** Octets of blocks kept in memory: the index blocks of ten million addresses fit. */
const cacheSize = 32 * 1024 * 1024
/** Octets written before a table is made of them; two such buffers can be in memory. */
const writeBufferSize = 16 * 1024 * 1024
/** Octets of keys and values read ahead in a walk through everything; one entry may have more. */
const entriesAtOnce = 256 * 1024

/** Opens LevelDB by the package `level`. */
export const openLevel: OpenDatabase = async location => {
  const level = new Level<string, string>(location, { keyEncoding: 'utf8', valueEncoding: 'utf8', cacheSize, writeBufferSize })
  await level.open()
  return {
    getSync: key => level.getSync(key),
    getMany: keys => level.getMany(keys),
    // In this tick: handing a read to a thread and back takes longer than the read of what came a moment ago.
    getBytes: key => level.getSync<string, Buffer>(key, { valueEncoding: 'buffer' }),
    keys: range => level.keys(range),
    entries: () => level.iterator<string, Buffer>({ valueEncoding: 'buffer', fillCache: false, highWaterMarkBytes: entriesAtOnce }),
    batch: () => level.batch(),
    close: () => level.close(),
  }
}

/** Directories that this process has open, by their real path. */
const opened = new Set<string>()

/** Makes the data directory (mode 0700) and claims the database directory in it for this process. @throws {StoreUnavailable} */
export async function claimDirectory(path: string): Promise<{ readonly location: string; release(): void }> {
  const wanted = join(path, 'level')
  try {
    await makeDirectory(wanted)
    await chmod(path, 0o700)
    await chmod(wanted, 0o700)
    const location = await realpath(wanted)
    if (opened.has(location)) throw locked(location, 'this process')
    await refuseHeadless(location)
    opened.add(location)
    return { location, release: () => void opened.delete(location) }
  } catch (cause) {
    throw openError(wanted, cause)
  }
}

/** What an operator is told when the database cannot be opened. */
export function openError(location: string, cause: unknown): StoreUnavailable {
  if (cause instanceof StoreUnavailable) return cause
  const [code, reason] = rootOf(cause)
  if (code === 'LEVEL_LOCKED') return locked(location, 'another process', cause)
  const advice =
    code === 'EACCES' || code === 'EPERM' || /permission denied/i.test(reason)
      ? 'the directory and all in it must belong to the user that rebond runs as'
      : (adviceOnDamage(cause) ?? 'see the reason, and free space if the disk is full')
  return new StoreUnavailable(`the store in ${location} cannot be opened (${reason}); ${advice}`, { cause: innermost(cause) })
}

/** What to do about a damaged database; null: what failed is something else. */
export function adviceOnDamage(cause: unknown): string | null {
  const [code, reason] = rootOf(cause)
  const isDamage = code === 'LEVEL_CORRUPTION' || /(?:MANIFEST-\d+|\.ldb): (?:No such file|Invalid argument)/.test(reason)
  return isDamage ? mendIt : null
}

/** For all damage. Nothing is lost by waiting: what is in the files stays as it is. */
export const mendIt =
  'it is damaged: stop rebond, then let rebond repair --config FILE mend it, which keeps a copy of it first, or put a backup in its place'

/** LevelDB would make an empty database where its file CURRENT is missing, and delete all tables. @throws {StoreUnavailable} */
async function refuseHeadless(location: string): Promise<void> {
  const names = await readdir(location)
  if (names.includes('CURRENT') || !names.some(name => /\.(?:ldb|log)$/.test(name))) return
  throw new StoreUnavailable(`the store in ${location} cannot be opened (its file CURRENT is missing); ${mendIt}`)
}

/** What LevelDB could not read of its log as it opened the database: a line for each part that it left out. */
export async function readDropped(location: string): Promise<string[]> {
  const text = await readFile(join(location, 'LOG'), 'utf8').catch(() => '')
  return [...text.matchAll(/(\d+\.log): (dropping \d+ bytes; .*)/g)].map(([, file, what]) => `${file}: ${what}`)
}

/** The innermost cause of an error: its code and words. */
export function rootOf(error: unknown): readonly [code: string, message: string] {
  const root = innermost(error)
  return root instanceof Error ? ['code' in root ? String(root.code) : '', root.message] : ['', String(root)]
}

function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? innermost(error.cause) : error
}

function locked(location: string, holder: string, cause?: unknown): StoreUnavailable {
  return new StoreUnavailable(
    `the store in ${location} is open in ${holder}; stop the other rebond first, or give this one its own store.path`,
    { cause, code: 'ERR_STORE_LOCKED' },
  )
}
