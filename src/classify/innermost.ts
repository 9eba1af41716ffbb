/**
 * Nested replies: a server that quotes the reply of another ("host mx said: 550 …").
 *
 * Pure.
 */

/** What servers write before the reply they quote: Postfix, Exim, qmail, Exchange, sendmail transcripts, Notes, gateways. */
const introductions =
  /\bsaid:\s|\bserver returned was:\s|\bresponded(?: with)?:?\s|\breplied(?: with)?:?\s|\bremote (?:host|server|mta)[^:\n]{0,80}(?:said|returned|answered|response):?\s|\breturned (?:error )?(?=['"]?[2-5]\d\d[ -])|\berror from remote (?:mail )?(?:server|mailer) (?:after|for) [^:<\n]{0,60}(?::?<[^<>\n]{0,320}>[^:\n]{0,60})?:(?: host [^:\n]{1,120}:)?\s|\bhost \S{1,255} (?:\[[0-9a-fA-F.:]{3,45}\])?:\s?(?=['"]?[2-5]\d\d[ -])|<<< (?=[45]\d\d[ -])|\bresponse(?: was| from [^:\n]{0,80})?:\s{1,3}(?=['"]?[2-5]\d\d[ -])|\s-> (?=[45]\d\d[ -])|\berror (?=[45]\d\d-?'[45]\.)|\b[245]\.[\dx]{1,3}\.\d{1,3} - [a-z ()/-]{3,60} (?=[245]\d\d[- ]?')/gi

/** A reply within: a code, then a space or dash; or an enhanced status. */
const beginsReply = /^\s*['"(]?(?:[245]\d\d(?:[ -]|$)|#?[245]\.\d{1,3}\.\d{1,3}\b)/

/** A reply in the midst of somebody's sentence: code and status together are hardly anything else. */
const codeAndStatus = /[\s'"([](?=([245])\d\d[ -]#?\1\.\d{1,3}\.\d{1,3}\b)/

/** Gives the innermost quoted reply, up to the end of the text; null when none is quoted. */
export function innermostReply(text: string): string | null {
  let found: string | null = null
  for (const match of text.matchAll(introductions)) {
    const rest = text.slice(match.index + match[0].length)
    if (beginsReply.test(rest)) found = rest.trimStart().replace(/^['"(]/, '')
  }
  if (found !== null || beginsReply.test(text)) return found
  const within = codeAndStatus.exec(text)
  return within ? text.slice(within.index + 1) : null
}
