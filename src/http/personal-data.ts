/**
 * What a person may ask about their address, the same from the API and from the page: everything that is kept of it, and that it be forgotten.
 */
import type { FastifyReply } from 'fastify'
import { addressRecords } from '../privacy/address-records.ts'
import { recordErasure } from '../privacy/record-erasure.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { Erased } from '../store/store.ts'
import { formatKey } from './address-key.ts'
import type { HttpDeps } from './app.ts'
import { formatTime } from './fields.ts'
import { sendPieces } from './stream-reply.ts'

/** The type of an export: one record a line. */
export const ndjson = 'application/x-ndjson'

/**
 * Takes an address out of all records, and notes who did it and why. `busy`: returns of its mails wait to be judged, and nothing was done. @throws {StoreUnavailable}
 */
export async function eraseAddress(
  { store, now }: Pick<HttpDeps, 'store' | 'now'>,
  key: AddressKey,
  deed: { readonly by: string | null; readonly why: string },
): Promise<Erased | 'busy'> {
  const erased = await store.erase(key)
  if (erased !== 'busy') await recordErasure(store, erased.key, { ...deed, now: now() })
  return erased
}

/** Sends everything that is kept of an address, to be saved as a file; its name does not say whose it is. */
export function sendExport(
  { store, now, notifier }: Pick<HttpDeps, 'store' | 'now' | 'notifier'>,
  key: AddressKey,
  reply: FastifyReply,
): FastifyReply {
  const at = formatTime(now())
  const endpoints = notifier.endpoints().map(({ name }) => name)
  reply.header('content-disposition', `attachment; filename="address-${at.slice(0, 10)}.ndjson"`)
  return sendPieces(reply, ndjson, lines({ kind: 'export', address: formatKey(key), at }, addressRecords(store, key, endpoints)))
}

async function* lines(head: object, records: AsyncIterable<object>): AsyncGenerator<string> {
  yield `${JSON.stringify(head)}\n`
  let count = 0
  for await (const record of records) {
    count++
    yield `${JSON.stringify(record)}\n`
  }
  yield `${JSON.stringify({ kind: 'end', records: count })}\n`
}
