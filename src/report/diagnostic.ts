/**
 * What a remote server said, as a report quotes it: its words on clean lines, the SMTP code and enhanced status in them, and the host that spoke.
 *
 * Never throws; linear.
 * Pure.
 */

/** Longest text kept of one diagnostic. */
export const maxTextLength = 2_000

const typePrefix = /^\s*(?:smtp|x-?[a-z0-9._-]{1,40}|lmtp|dns|rfc822|local|unix|notes|x400|mapi|utf-8|http)\s*;\s*/i
const code = /(?:^|[\s:;'"([>\]-])#?([45][0-57]\d)(?=[\s:;,.#'")-])(?![.:]\d)(?!-\d{2})/g
const statusCode = /(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/

const hostPatterns: readonly RegExp[] = [
  // "Unable to look up host x": x is the one that did not speak.
  /(?<!\b(?:look ?up|find|resolve) )\bhost ([A-Za-z0-9._-]{1,255})\s?(?:\[[0-9a-fA-F.:]{2,45}\])?\s?(?:said|refused|dropped|:|\()/,
  /(?<!\b(?:look ?up|find|resolve|any|such|unknown|no) )\bhost:? ([A-Za-z0-9-]{1,63}\.[A-Za-z0-9._-]{1,190})/i,
  /\bwhile talking to ([A-Za-z0-9._-]{1,255}?)\.?:/i,
  /\bby the server for the recipient domain \S{1,255} by ([A-Za-z0-9._-]{1,255})/,
  /\bConnected to ([A-Za-z0-9.:_-]{1,255}) but\b/,
  /(?:^|\s)([A-Za-z0-9.:_-]{3,255}) (?:does not like recipient|failed after I sent the message)/,
  /\b([A-Za-z0-9-]{1,63}\.[A-Za-z0-9._-]{1,190})\[[0-9a-fA-F.:]{2,45}\] responded/,
  /\bremote host ([A-Za-z0-9._:-]{1,255}) said:/i,
]

/** Removes the type in front of Diagnostic-Code and Remote-MTA (RFC 3464 §2.3.6), for example `smtp; `. */
export function withoutType(value: string): string {
  return value.replace(typePrefix, '').trim()
}

/** Cleans quoted words: no control characters, single spaces, a multi-line reply on lines of its own; null when nothing is left. */
export function cleanDiagnostic(text: string): string | null {
  const lines: string[] = []
  for (const line of text.slice(0, 4 * maxTextLength).split('\n')) {
    const clean = line
      .replace(/[\0-\x1f\x7f-\x9f\u2028\u2029]+|[-=*#_~]{5,}/g, ' ')
      .replace(/ {2,}/g, ' ')
      .trim()
    if (clean === '') continue
    // A new line of a reply begins with its code; every other line end was made by a mail program.
    if (lines.length > 0 && /^[245]\d\d[- ]/.test(clean) && /^[245]\d\d-/.test(lines.at(-1) ?? '')) lines.push(clean)
    else if (lines.length > 0) lines[lines.length - 1] += ` ${clean}`
    else lines.push(clean)
  }
  const joined = splitFolded(lines.join('\n')).slice(0, maxTextLength).trim()
  return joined === '' ? null : joined
}

/** `550-5.1.1 one 550-5.1.1 two 550 5.1.1 three`, folded by the reporting server, on three lines again. */
function splitFolded(text: string): string {
  const first = /(?:^|[\s:])([245]\d\d)-(?=[^\d])|(?:^|[\s:])([245]\d\d)-(?=[245]\.\d)/.exec(text)
  const own = first?.[1] ?? first?.[2]
  return own === undefined
    ? text
    : text.replaceAll(new RegExp(` (?=${own}[- ](?!-))`, 'g'), (space, at: number) => (at > (first?.index ?? 0) ? '\n' : space))
}

/** The SMTP code in a diagnostic: the innermost one, or the first; null when it has none. */
export function replyCodeIn(text: string): number | null {
  const said = text.search(/\b(?:said|responded|replied|returned|answered)\b[^:\n]{0,40}:|<<< /)
  for (const from of said === -1 ? [0] : [said, 0]) {
    code.lastIndex = 0
    const match = code.exec(`${text.slice(from, from + maxTextLength)} `)
    if (match) return Number(match[1])
  }
  const accepted = /^\s*(2[05]\d)[ -]/.exec(text)
  return accepted ? Number(accepted[1]) : null
}

/** The enhanced status (RFC 3463) in a text; null when it has none. Addresses and versions of four numbers are passed over. */
export function statusIn(text: string): string | null {
  return statusCode.exec(text)?.[1] ?? null
}

/** The host that the words name as the one that spoke; null when they name none. */
export function hostIn(text: string): string | null {
  for (const pattern of hostPatterns) {
    const host = pattern.exec(text)?.[1]
    if (host && /[.:]/.test(host)) return host.replace(/\.$/, '')
  }
  return null
}

const noReason =
  /^(?:service (?:is )?unavailable|transaction failed|delivery (?:failed|error|report)|(?:permanent|unknown|other|smtp|general) (?:failure|error)|undeliverable|message (?:not delivered|undeliverable)|failed|error|invalid)$/i

/** Says whether a diagnostic gives no reason: none at all, a bare code, or sendmail's "Service unavailable", whose reason stands in the transcript. */
export function saysLittle(diagnostic: string | null): boolean {
  if (diagnostic === null) return true
  const words = diagnostic
    .slice(0, 400)
    .split(/\s+/)
    .filter(word => /\p{L}/u.test(word) && !/[@\d]/.test(word))
    .join(' ')
    .replace(/[.:;,!]+$/, '')
  return words.length < 3 || noReason.test(words)
}
