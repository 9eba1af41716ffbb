/**
 * The fields of a delivery status where they should not be: in plain text, because a gateway or a broken MIME structure left them there.
 *
 * Pure.
 */
import { parseDeliveryStatus } from '../delivery-status.ts'
import type { Notice } from '../notice.ts'

const begin = /^(?:final-recipient|original-recipient|reporting-mta):[ \t]*[A-Za-z0-9-]{1,30}[ \t]*;/im
const maxRegion = 60_000

/** Finds delivery-status fields in the words of a notice, or anywhere in a mail whose structure is broken; null when there are none. */
export function fieldsInText({ mail, words }: Notice, everywhere: boolean): ReturnType<typeof parseDeliveryStatus> | null {
  for (const text of everywhere ? [words, mail.source] : [words]) {
    const at = text.search(begin)
    if (at === -1) continue
    const status = parseDeliveryStatus(endOfFields(text.slice(at, at + maxRegion)))
    if (status.recipients.some(one => one.address !== null)) return status
  }
  return null
}

/** The notice without the fields that stand in its words: they are no reason. */
export function withoutFields(notice: Notice): Notice {
  const at = notice.words.search(begin)
  if (at === -1) return notice
  const words = notice.words.slice(0, at)
  const { mail, text, from, fromName, subject, original, originalTo, parties } = notice
  return { mail, text, from, fromName, subject, original, originalTo, parties, words, lines: words.split('\n') }
}

/** Cuts where the fields end: at a boundary, or at the second line in a row that is neither field nor continuation nor empty. */
function endOfFields(text: string): string {
  let at = 0
  let strange = 0
  while (at < text.length) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end === -1 ? text.length : end)
    if (line.startsWith('--') || /^(?:Return-Path|Received):/i.test(line)) return text.slice(0, at)
    strange = line === '' || /^[ \t]|^[A-Za-z][\w-]{0,60}[ \t]*:/.test(line) ? 0 : strange + 1
    if (strange === 2) return text.slice(0, at)
    if (end === -1) break
    at = end + 1
  }
  return text
}
