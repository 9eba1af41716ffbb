/**
 * Keys that sign return paths, kept in files: base64 of 32 octets or more. The first start makes one in the data directory, mode 0600.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory } from './make-directory.ts'

/** Octets of a key that we make; the least that we take. */
const keyOctets = 32

/** A key file is missing, unreadable or not a key. */
export class KeyFileInvalid extends Error {
  readonly code = 'ERR_KEY_FILE_INVALID'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KeyFileInvalid'
  }
}

/** Where the key of our own making lies: beside the store. */
export function defaultKeyFile(dataDirectory: string): string {
  return join(dataDirectory, 'return-path.key')
}

/** Reads a key. @throws {KeyFileInvalid} when the file cannot be read or is not base64 of 32 octets or more. */
export async function readKeyFile(file: string): Promise<Buffer> {
  let text: string
  try {
    text = (await readFile(file, 'latin1')).trim()
  } catch (err) {
    throw new KeyFileInvalid(`${file}: must be a key file that can be read: ${(err as Error).message}`, { cause: err })
  }
  const key = parseKey(text)
  if (key === null) {
    throw new KeyFileInvalid(`${file}: must hold base64 of ${keyOctets} octets or more (openssl rand -base64 ${keyOctets})`)
  }
  return key
}

/** Parses the content of a key file; null when it is not base64 of 32 octets or more. */
export function parseKey(text: string): Buffer | null {
  const key = Buffer.from(text.trim(), 'base64')
  return key.length >= keyOctets && /^[A-Za-z0-9+/=\s_-]+$/.test(text) ? key : null
}

/** Reads the key, or makes it when there is none yet: whole, durable and mode 0600 before it has its name, so that two starts agree on one. */
export async function readOrMakeKeyFile(file: string): Promise<{ readonly key: Buffer; readonly made: boolean }> {
  try {
    return { key: await readKeyFile(file), made: false }
  } catch (err) {
    if (((err as Error).cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw err
  }
  const key = randomBytes(keyOctets)
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  const handle = await makeFile(draft)
  try {
    await handle.writeFile(`${key.toString('base64')}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await link(draft, file)
    return { key, made: true }
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err
    return { key: await readKeyFile(file), made: false }
  } finally {
    await rm(draft, { force: true })
  }
}

/** @throws {KeyFileInvalid} when its directory is not there and cannot be made, or takes no file. */
async function makeFile(file: string): Promise<FileHandle> {
  try {
    await makeDirectory(dirname(file))
    return await open(file, 'wx', 0o600)
  } catch (err) {
    throw new KeyFileInvalid(`${dirname(file)}: must be a directory in which a key can be made: ${(err as Error).message}`, { cause: err })
  }
}
