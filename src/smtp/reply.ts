/**
 * Replies as values (RFC 5321 §4.2, enhanced status RFC 2034 and RFC 3463).
 *
 * Code, enhanced status and text are kept apart inside the program and joined on the wire only.
 * Pure.
 */

/** Enhanced status code, RFC 3463 §2: class "." subject "." detail. */
export type EnhancedStatus = { readonly class: 2 | 4 | 5; readonly subject: number; readonly detail: number }

/** One complete reply, all of its lines (RFC 5321 §4.2). */
export type Reply = {
  /** 200 to 559 (RFC 5321 §4.2: first digit 2 to 5, second 0 to 5). */
  readonly code: number
  /** Absent when the peer sent none, or one that contradicts `code`. */
  readonly enhanced?: EnhancedStatus
  /** At least one line, without code, enhanced status, CR or LF. */
  readonly text: readonly [string, ...string[]]
}

/** A reply together with the octets it was, or will be, said in: what is passed on is byte for byte what came. */
export type SpokenReply = {
  readonly reply: Reply
  /** Wire form, every line with its CRLF, as latin1. */
  readonly wire: string
}

/** Longest reply line with its CRLF, in octets (RFC 5321 §4.5.3.1.5). */
export const maxReplyLineOctets = 512

const enhancedAtStart = /^([245])\.(\d{1,3})\.(\d{1,3})(?:[ \t]+|$)/

/** Makes a reply; `enhanced` is written as in the RFCs, for example `'5.1.1'`. */
export function reply(code: number, enhanced: string | null, ...text: [string, ...string[]]): Reply {
  const status = enhanced === null ? null : parseEnhancedStatus(enhanced)
  return status ? { code, enhanced: status, text } : { code, text }
}

/** Makes a reply of ours, ready to be said. */
export function speak(said: Reply): SpokenReply {
  return { reply: said, wire: formatReply(said) }
}

/** Parses `class.subject.detail` standing alone; null when it is not one. */
export function parseEnhancedStatus(text: string): EnhancedStatus | null {
  const match = enhancedAtStart.exec(text)
  if (!match || match[0].length !== text.length) return null
  return { class: Number(match[1]) as 2 | 4 | 5, subject: Number(match[2]), detail: Number(match[3]) }
}

/** Writes an enhanced status as in RFC 3463 §2. */
export function formatEnhancedStatus({ class: kind, subject, detail }: EnhancedStatus): string {
  return `${kind}.${subject}.${detail}`
}

/**
 * Parses the lines of one reply, without their line ends. An enhanced status whose class contradicts the code stays in the text
 * (RFC 2034 §4 forbids it, so it says nothing).
 */
export function parseReply(lines: readonly string[]): { ok: true; reply: Reply } | { ok: false; why: string } {
  const text: string[] = []
  let code = 0
  let enhanced: EnhancedStatus | undefined
  for (const [index, line] of lines.entries()) {
    const match = /^([2-5][0-9][0-9])(?:([ -])(.*))?$/s.exec(line)
    if (!match) return { ok: false, why: 'a reply line must begin with a three-digit code' }
    const lineCode = Number(match[1])
    if (index === 0) code = lineCode
    else if (lineCode !== code) return { ok: false, why: `the lines of one reply carry two codes, ${code} and ${lineCode}` }
    const last = index === lines.length - 1
    if (last === (match[2] === '-'))
      return { ok: false, why: last ? 'the last line of a reply says that more follow' : 'a line that ends a reply has more behind it' }
    const rest = match[3] ?? ''
    const status = enhancedAtStart.exec(rest)
    if (status && Number(status[1]) === Math.floor(code / 100)) {
      enhanced ??= { class: Number(status[1]) as 2 | 4 | 5, subject: Number(status[2]), detail: Number(status[3]) }
      text.push(rest.slice(status[0].length))
    } else text.push(rest)
  }
  const [first, ...more] = text
  if (first === undefined) return { ok: false, why: 'a reply must have at least one line' }
  return { ok: true, reply: enhanced ? { code, enhanced, text: [first, ...more] } : { code, text: [first, ...more] } }
}

/** Writes a reply in wire form, one or more lines each ended by CRLF. The text must hold no CR or LF and fit `maxReplyLineOctets`. */
export function formatReply({ code, enhanced, text }: Reply): string {
  const status = enhanced ? `${formatEnhancedStatus(enhanced)} ` : ''
  return text.map((line, index) => `${code}${index === text.length - 1 ? ' ' : '-'}${status}${line}\r\n`).join('')
}

/** Writes a reply on one line for the log, the API and the page: no line ends, lines joined by one space. */
export function formatReplyLine({ code, enhanced, text }: Reply): string {
  return `${code}${enhanced ? ` ${formatEnhancedStatus(enhanced)}` : ''} ${text.join(' ')}`.trimEnd()
}
