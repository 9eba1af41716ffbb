/**
 * Passwords of `relay.users`, as scrypt hashes in files (RFC 7914): `scrypt:N:r:p:SALT:HASH`, salt and hash in base64.
 */
import { scrypt, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { RelayConfig } from '../config/schema.ts'
import type { Log } from '../observe/log.ts'

type Hash = {
  readonly cost: number
  readonly blockSize: number
  readonly parallelization: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** Compared against when there is no such user, so that the time taken tells nothing. */
const nobody: Hash = { cost: 16_384, blockSize: 8, parallelization: 1, salt: Buffer.alloc(16), hash: Buffer.alloc(32) }
/** Guards against a hash file that asks for all the memory there is. */
const maxMemory = 256 * 1024 * 1024

/**
 * Makes the check of a user's password, which throws when the user's hash cannot be read. A hash file is read at each log-in, so that a changed
 * one needs no restart.
 */
export function createPasswordCheck(users: RelayConfig['users'], log: Log): (user: string, password: string) => Promise<boolean> {
  return async (user, password) => {
    const known = users.find(({ name }) => name === user)
    const hash = known ? await readHash(known.passwordHashFile, log) : null
    const same = await matches(hash ?? nobody, password)
    if (known && !hash) throw new Error('the password hash of a user cannot be read')
    return hash !== null && same
  }
}

/** Parses `scrypt:N:r:p:SALT:HASH`; null when it is not one. */
export function parsePasswordHash(text: string): Hash | null {
  const match = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3}):([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/.exec(text.trim())
  if (!match) return null
  const [, cost, blockSize, parallelization, salt = '', hash = ''] = match
  const parsed: Hash = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
  return parsed.hash.length >= 16 && parsed.salt.length >= 8 ? parsed : null
}

async function readHash(file: string, log: Log): Promise<Hash | null> {
  try {
    const hash = parsePasswordHash(await readFile(file, 'utf8'))
    if (!hash) log.error({ file }, 'a password hash file must hold scrypt:N:r:p:SALT:HASH')
    return hash
  } catch (err) {
    log.error({ err, file }, 'a password hash file cannot be read')
    return null
  }
}

function matches({ cost, blockSize, parallelization, salt, hash }: Hash, password: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, { cost, blockSize, parallelization, maxmem: maxMemory }, (err, derived) => {
      if (err) reject(err)
      else resolve(timingSafeEqual(derived, hash))
    })
  })
}
