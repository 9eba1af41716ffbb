/**
 * Cursors: the position of a page's last row, for the next page, under a signature that binds it to the list and its filter.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { BadCursor } from './page.ts'

const signatureLength = 12

/** Makes the cursor of a position in a list under a filter. */
export function makeCursor(secret: string, list: string, filter: object, position: string): string {
  return sign(secret, list, filter, position) + Buffer.from(position).toString('base64url')
}

/** Reads a cursor back to its position. @throws {BadCursor} no page of this list under this filter gave it out. */
export function readCursor(secret: string, list: string, filter: object, cursor: string): string {
  const position = Buffer.from(cursor.slice(signatureLength), 'base64url').toString()
  const given = Buffer.from(cursor)
  const wanted = Buffer.from(makeCursor(secret, list, filter, position))
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new BadCursor()
  return position
}

function sign(secret: string, list: string, filter: object, position: string): string {
  const conditions = Object.entries(filter).filter(([, value]) => value !== undefined)
  const text = JSON.stringify([list, conditions.sort(([a], [b]) => (a < b ? -1 : 1)), position])
  return createHmac('sha256', secret).update(text).digest('base64url').slice(0, signatureLength)
}
