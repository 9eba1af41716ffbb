/**
 * Web hooks that sign nothing: the password in the URL that the provider calls proves them (RFC 7617), and each tells one event, with its own time.
 * Pure.
 */
import { type Fields, fieldsOf, headerOf, isFresh, isSame, type ProviderEvent, parseJson, type ReadHook } from './provider-event.ts'

/** Guards `read`; `password` is USER:PASSWORD. */
export function guardedByPassword(password: string, maxAgeMs: number, read: (one: Fields) => ProviderEvent[]): ReadHook {
  const wanted = `Basic ${Buffer.from(password).toString('base64')}`
  return (hook, now) => {
    if (!isSame(headerOf(hook, 'authorization'), wanted)) return { ok: false, why: 'signature' }
    const parsed = parseJson(hook.body)
    if (parsed === null || typeof parsed !== 'object') return { ok: false, why: 'malformed' }
    const events = read(fieldsOf(parsed))
    return events.every(({ at }) => isFresh(at, now, maxAgeMs)) ? { ok: true, events } : { ok: false, why: 'old' }
  }
}
