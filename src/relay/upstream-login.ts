/**
 * Our own log-in to upstream, with `upstream.auth`: PLAIN (RFC 4616) or LOGIN. The password is read from its file at each log-in, so that
 * a changed one needs no restart.
 */
import { readFile } from 'node:fs/promises'
import type { UpstreamConfig } from '../config/schema.ts'
import type { Extensions } from '../smtp/ehlo.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Asker } from './asker.ts'
import { UpstreamUnavailable } from './upstream-unavailable.ts'

/** Logs in. @throws {UpstreamUnavailable} */
export async function logIn(asker: Asker, auth: NonNullable<UpstreamConfig['auth']>, extensions: Extensions): Promise<void> {
  if (!('passwordFile' in auth)) throw new UpstreamUnavailable('login', 'upstream.auth.oauth2 is not built yet')
  const offered = (extensions.get('AUTH') ?? '').toUpperCase().split(' ')
  const password = await readSecret(auth.passwordFile)
  const answer = offered.includes('PLAIN')
    ? await asker.ask(`AUTH PLAIN ${base64(`\0${auth.user}\0${password}`)}`)
    : offered.includes('LOGIN')
      ? await askLogin(asker, auth.user, password)
      : null
  if (answer?.code === 235) return
  const why = answer ? `upstream refused the log-in of ${auth.user} with ${answer.code}` : 'upstream offers neither AUTH PLAIN nor LOGIN'
  throw new UpstreamUnavailable('login', why)
}

async function askLogin(asker: Asker, user: string, password: string): Promise<Reply> {
  const first = await asker.ask('AUTH LOGIN')
  if (first.code !== 334) return first
  const second = await asker.ask(base64(user))
  return second.code === 334 ? await asker.ask(base64(password)) : second
}

/** Reads a secret of one line. @throws {UpstreamUnavailable} the file cannot be read. */
async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
  } catch (cause) {
    throw new UpstreamUnavailable('login', `the secret ${file} cannot be read`, { cause })
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
