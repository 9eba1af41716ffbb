/**
 * A notice: what the readers of non-standard reports look at. The words of the mail system alone, the header of the mail that is returned,
 * and who must not be taken for a recipient.
 *
 * Pure.
 */
import { parseAddressList } from './address-list.ts'
import { splitAtOriginal } from './enclosed.ts'
import { decodeHeaderText } from './encoded-words.ts'
import { type Header, parseHeaderText } from './header.ts'
import { htmlToText } from './html-text.ts'
import type { Mail } from './mail.ts'

/** Longest words of a mail system that are read. */
const maxWords = 60_000
/** Longest line that the readers of single lines are given. */
const maxLine = 1_200

export type Notice = {
  readonly mail: Mail
  /** From of the report: address in lower case, name decoded; empty when there is none. */
  readonly from: string
  readonly fromName: string
  readonly subject: string
  /** All that a person would read, the copy of the returned mail included. */
  readonly text: string
  /** The words of the mail system without the enclosed mail, lines ended by LF. */
  readonly words: string
  readonly lines: readonly string[]
  /** Header of the returned mail; null when none is enclosed. */
  readonly original: Header | null
  /** Addresses of the original's To and Cc. */
  readonly originalTo: readonly string[]
  /** Lower case: whom the report was sent to, who sent it, and who sent the original. Named in a report, they are no recipients. */
  readonly parties: ReadonlySet<string>
}

const enclosedTypes = new Set([
  'message/rfc822',
  'text/rfc822-headers',
  'message/rfc822-headers',
  'text/rfc822',
  'message/global',
  'message/global-headers',
  'message/partial',
  'message/news',
])

/** Makes the notice of a mail. Its texts are made when they are first asked for: a standard report needs few of them. */
export function noticeOf(mail: Mail): Notice {
  const [sender] = parseAddressList(mail.header.first('from') ?? '')
  const text = once(() => humanText(mail).slice(0, maxWords))
  const split = once(() => splitAtOriginal(text()))
  const lines = once(() =>
    split()
      .words.split('\n')
      .map(line => (line.length > maxLine ? line.slice(0, maxLine) : line)),
  )
  const original = once(() => {
    const part = mail.parts.find(one => enclosedTypes.has(one.type))
    const enclosed = part ? parseHeaderText(part.text.slice(0, 65_536).trimStart()) : null
    return enclosed && enclosed.fields.length > 0 ? enclosed : split().original
  })
  const originalTo = once(() => addressesOf(original(), ['to', 'cc', 'x-envelope-to', 'envelope-to', 'delivered-to']))
  const parties = once(
    () =>
      new Set([
        ...addressesOf(mail.header, ['to', 'from', 'delivered-to', 'reply-to']),
        ...addressesOf(original(), ['from', 'return-path', 'sender', 'reply-to', 'x-envelope-from']),
      ]),
  )
  return {
    mail,
    from: (sender?.address ?? '').toLowerCase(),
    fromName: sender?.name ?? decodeHeaderText((mail.header.first('from') ?? '').slice(0, 500)),
    subject: decodeHeaderText((mail.header.first('subject') ?? '').slice(0, 2_000)),
    get text() {
      return text()
    },
    get words() {
      return split().words
    },
    get lines() {
      return lines()
    },
    get original() {
      return original()
    },
    get originalTo() {
      return originalTo()
    },
    get parties() {
      return parties()
    },
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The text a person would read: the plain parts, else what the HTML ones show. */
function humanText(mail: Mail): string {
  const plain = mail.parts.filter(part => part.type === 'text/plain').map(part => part.text)
  if (plain.some(text => text.trim() !== '')) return plain.join('\n')
  return mail.parts
    .filter(part => part.type === 'text/html')
    .map(part => htmlToText(part.text))
    .join('\n')
}

function addressesOf(header: Header | null, names: readonly string[]): string[] {
  if (header === null) return []
  return names.flatMap(name =>
    header.all(name).flatMap(value => parseAddressList(value.slice(0, 20_000)).map(one => one.address.toLowerCase())),
  )
}
