/**
 * Makes the data directory and whatever is missing above it.
 *
 * Not by `mkdir` with `recursive`: where the file system says ENOENT whatever stands above (/proc, some automounters), Node 20 tries for ever.
 */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a directory, mode 0700, its parents too; one that is there stays as it is. @throws {Error} of the system. */
export async function makeDirectory(path: string): Promise<void> {
  if (await made(path)) return
  await makeDirectory(dirname(path))
  await mkdir(path, { mode: 0o700 }).catch(unlessThere)
}

/** false: what is above it is missing. */
async function made(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path) return false
    unlessThere(err)
  }
  return true
}

function unlessThere(err: unknown): void {
  if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err
}
