/**
 * Addresses as reports write them: in running text, in angle brackets or quotes, with `mailto:` or `SMTP:` in front, in the fields of RFC 3464.
 *
 * Never throws; linear: found from each `@` outwards, at most 320 characters.
 * Pure.
 */

export type FoundAddress = {
  readonly address: string
  /** Where it begins and ends in the line. */
  readonly start: number
  readonly end: number
}

const maxLocal = 128
const maxDomain = 255
const localCharacter = /[\w!#$%&'*+=?^{|}~.\u00a0-\ud7ff\u{10000}-\u{10ffff}-]/u
const domainCharacter = /[A-Za-z0-9.\u00a1-\u2fff\u3040-\ud7ff_-]/
const maxPerLine = 50

/** Finds the addresses in one line of text, at most `maxPerLine`. */
export function addressesIn(line: string): readonly FoundAddress[] {
  const found: FoundAddress[] = []
  for (let at = line.indexOf('@'); at !== -1 && found.length < maxPerLine; at = line.indexOf('@', at + 1)) {
    const start = localStart(line, at)
    const end = domainEnd(line, at + 1)
    if (start < at && end > at + 1) found.push({ address: line.slice(start, end), start, end })
  }
  return found
}

/** Says whether text is one address and nothing else. */
export function isAddress(text: string): boolean {
  const [only] = addressesIn(text)
  return only !== undefined && only.start === 0 && only.end === text.length
}

function localStart(line: string, at: number): number {
  if (line[at - 1] === '"') {
    const quote = line.lastIndexOf('"', at - 2)
    if (quote !== -1 && at - quote <= maxLocal) return quote
  }
  let start = at
  while (start > 0 && at - start < maxLocal && localCharacter.test(line[start - 1] ?? '')) start--
  // Quotes, bars and dots around an address are not its own; a dash in front is a bullet.
  while (start < at && /['*|?.!=-]/.test(line[start] ?? '')) start++
  // `p=x@y` in a trace, `RCPT=…`: a value, while VERP puts its `=` behind a dash or plus.
  const value = /^[a-z]{1,12}=/i.exec(line.slice(start, at))
  return value && !line.slice(start + value[0].length, at).includes('=') && value[0].length + start < at && !/[.+-]/.test(value[0])
    ? start + value[0].length
    : start
}

function domainEnd(line: string, from: number): number {
  if (line[from] === '[') {
    const close = line.indexOf(']', from)
    return close !== -1 && close - from < 60 ? close + 1 : from
  }
  let end = from
  while (end < line.length && end - from < maxDomain && domainCharacter.test(line[end] ?? '') && !line.startsWith('..', end)) end++
  // `example.jp様`: a label that begins in ASCII ends with it, unless it is an A-label of its own script.
  const dot = line.lastIndexOf('.', end - 1)
  const label = line.slice(Math.max(dot + 1, from), end)
  const ascii = /^[A-Za-z0-9-]+/.exec(label)?.[0]
  if (ascii && ascii.length < label.length) end = Math.max(dot + 1, from) + ascii.length
  while (end > from && /[.\-_]/.test(line[end - 1] ?? '')) end--
  return end
}

/**
 * Reads the value of Final-Recipient, Original-Recipient and their kin: `type ";" address` (RFC 3464 §2.3.2), brackets removed, `+40` of
 * xtext (RFC 3461 §4) and `\x{…}` of RFC 6533 §3 decoded. What is no mail address (X.400, a local name) comes back as it stands; null: empty.
 */
export function parseReportedAddress(value: string): string | null {
  const typed = /^\s*([A-Za-z][\w-]{0,30})\s*;\s*(.*)$/s.exec(value)
  const type = (typed?.[1] ?? '').toLowerCase()
  let text = (typed ? (typed[2] ?? '') : value).trim()
  const bracket = text.indexOf('<')
  if (bracket !== -1) {
    const close = text.indexOf('>', bracket)
    text = text.slice(bracket + 1, close === -1 ? text.length : close).trim()
  }
  text = text.replace(/^(?:rfc822|smtp|mailto)[;:]\s*/i, '').replace(/\s+\([^()]{0,200}\)$/, '')
  if (type.startsWith('utf-8') || text.includes('\\x{')) {
    text = text.replace(/\\x\{([0-9a-fA-F]{1,6})\}/g, (whole, hex: string) => {
      const code = Number.parseInt(hex, 16)
      return code > 32 && code < 0x110000 ? String.fromCodePoint(code) : whole
    })
  }
  if (!text.includes('@') && /\+40/.test(text))
    text = text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  text = text.replace(/^['"`]+(?=[^"'`]*@)|(?<=@[^"'`]{1,255})['"`,;>]+$/g, '').replace(/[\0-\x20\x7f]+$/, '')
  if (text === '' || /^(?:@.*|\.+|unknown|none|\(?null\)?|undisclosed-recipients)$/i.test(text)) return null
  const inside = text.includes(' ') && text.includes('@') ? addressesIn(text)[0]?.address : undefined
  return (inside ?? text).slice(0, 320)
}
