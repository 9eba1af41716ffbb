/**
 * Records as they stand on disk: JSON (doc/adr/0002 says why), so that an operator can read them and a later version can add fields.
 * Pure.
 */
import { StoreUnavailable } from '../store-unavailable.ts'

export function encode(record: object): string {
  return JSON.stringify(record)
}

/** Reads what `encode` wrote; the caller names the type it stored under that key. @throws {StoreUnavailable} it is damaged. */
export function decode<T>(text: string): T {
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new StoreUnavailable(
      'a record in the store is damaged: rebond repair --config FILE takes such records out, and keeps a copy first',
      {
        cause,
      },
    )
  }
}

/** Reads a record that may not be there. */
export function decodeOr<T>(text: string | undefined): T | null {
  return text === undefined ? null : decode<T>(text)
}
