/**
 * Secrets of upstream.auth: one line in a file, read when it is needed, so that a changed one needs no restart.
 */
import { readFile } from 'node:fs/promises'
import { UpstreamUnavailable } from './upstream-unavailable.ts'

/** Reads a secret of one line. @throws {UpstreamUnavailable} the file cannot be read. */
export async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
  } catch (cause) {
    throw new UpstreamUnavailable('login', `the secret ${file} cannot be read`, { cause })
  }
}
