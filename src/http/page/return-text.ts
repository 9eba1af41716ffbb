/**
 * What a person reads of a returned mail: its own words without the copy of the original, the status fields for machines, its header.
 *
 * Only the head of the mail is read, so that a hostile one costs a page no more than milliseconds.
 * Pure.
 */
import { decodeHeaderText } from '../../report/encoded-words.ts'
import { readMail } from '../../report/mail.ts'
import { noticeOf } from '../../report/notice.ts'

/** As much of a mail as is read, in octets, and of each part as is shown, in characters. */
const maxOctets = 65_536
const maxShown = 20_000
const maxFields = 100
const maxValue = 1000

export type ReturnText = {
  readonly words: string
  /** The message/delivery-status part (RFC 3464), or a complaint's report (RFC 5965); empty when there is none. */
  readonly status: string
  readonly header: readonly { readonly name: string; readonly value: string }[]
  /** There is more in the mail itself. */
  readonly cut: boolean
}

/** Reads the head of a mail. Never throws. */
export function returnText(raw: Buffer): ReturnText {
  const mail = readMail(raw.subarray(0, maxOctets))
  const words = noticeOf(mail).words.trim()
  const status = mail.parts.find(({ type }) => /^message\/(?:global-)?(?:delivery-status|feedback-report)$/.test(type))?.text.trim() ?? ''
  return {
    words: words.slice(0, maxShown),
    status: status.slice(0, maxShown),
    header: mail.header.fields
      .slice(0, maxFields)
      .map(({ name, value }) => ({ name: titled(name), value: decodeHeaderText(value.slice(0, 2 * maxValue)).slice(0, maxValue) })),
    cut: words.length > maxShown || status.length > maxShown || raw.length > maxOctets,
  }
}

/** `x-spam-flag` as most people write it: `X-Spam-Flag`. */
function titled(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase())
}
