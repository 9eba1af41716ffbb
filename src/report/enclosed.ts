/**
 * Where the words of a mail system end and the copy of the returned mail begins, in text that is no MIME.
 *
 * Told by the dividing lines that servers write, and where there is none by the shape of a header: a run of fields among which is one that
 * only a real mail has.
 * Never throws; linear; at most `maxLines` lines are read.
 * Pure.
 */
import { type Header, parseHeaderText } from './header.ts'

const maxLines = 4_000

/** Dividing lines drawn with dashes and the like, in the languages they were seen in. */
const drawn: readonly RegExp[] = [
  /^[\s|-]*[-*=_]{2,}\s*(?:this is a copy of|below (?:this|the next) line is|below is a copy|below is the|here is (?:a|your) (?:copy|returned mail)|(?:the )?header (?:of|and top)|the (?:header|body|first)|(?:start of |begin(?:ning)? of |end of )?(?:returned|undelivered|unsent|undeliverable) (?:mail|message)|(?:original|message) (?:message|mail|header|text|body|contents?)|unsent message|original|message text follows|enclosed is|attach(?:ed|ment) is|copy of|message (?:header|body)|forwarded message|mensaje original|mensagem original|message d.origine|ursprüngliche|messaggio originale|oorspronkelijk|returned message|rejected message|failed message|rfc822)/i,
  /^\s*[-*=_]{3,}\s*(?:元のメッセージ|原始邮件|оригинал|текст сообщения|исходное)/i,
]
/** Dividing lines in words alone. */
const worded: readonly RegExp[] = [
  /^\s*(?:(?:possibly truncated )?original message follows|original message headers|original headers|message headers follow|included is a copy of the message|the first \d+ lines of (?:your|the) original|original message as received is|your message reads|here is a copy of the first part|following is a copy of|original message attached|a copy of (?:your|the) (?:original )?message (?:is|follows)|below is a copy of|the (?:original|returned|undelivered) message (?:is|follows)|your (?:original )?message follows|the message headers? (?:of|follow)|(?:a )?transcript of (?:the )?message follows|unsent message|original text follows)\b.{0,60}[:.]?\s*$/i,
  /^\s*(?:original|old) message:\s*$/i,
  /^\s*(?:oorspronkelijke berichtkoppen|oorspronkelijk bericht|ursprüngliche (?:nachrichtenkopf(?:zeilen)?|nachricht|kopfzeilen|header)|en-têtes (?:de message|du message) d.origine|en-têtes d.origine|encabezados (?:de mensajes? |del mensaje )?original(?:es)?|mensaje original|cabeceras? (?:del mensaje )?original(?:es)?|cabeçalhos (?:de mensagens? |da mensagem )?originais|mensagem original|intestazioni (?:dei )?messaggi? original[ei]|intestazioni originali|messaggio originale|исходные заголовки сообщения|заголовки исходного сообщения|исходное сообщение|оригинал(?:ьное)? сообщени[ея]|元のメッセージ ?ヘッダー|元のメッセージ|原始邮件标头|原始邮件头?|郵件原始標頭|原始信件|message d.origine)\s*[:：]?\s*$/i,
]
const shortestDivider = 7
const longestWorded = 120

const field = /^>?[A-Za-z][A-Za-z0-9-]{1,60}:(?:[ \t]|$)/
/** No mail system's own words carry these at the start of a line. */
const telling =
  /^>?(?:received|message-id|mime-version|dkim-signature|return-path|x-mailer|content-type|delivered-to|x-received|arc-seal):/i

/** Splits decoded text. `original` is the header of the enclosed mail, when one is there to be read. */
export function splitAtOriginal(text: string): { readonly words: string; readonly original: Header | null } {
  let at = 0
  // Fields up to here are no header: none of them needs to be looked at again.
  let passed = 0
  for (let count = 0; at < text.length && count < maxLines; count++) {
    const lineEnd = text.indexOf('\n', at)
    const end = lineEnd === -1 ? text.length : lineEnd
    const line = text.slice(at, Math.min(end, at + 300))
    if (isDivider(line)) return { words: text.slice(0, at), original: headerBehind(text, Math.min(end + 1, text.length)) }
    if (at >= passed && field.test(line)) {
      const run = fieldsFrom(text, at)
      if (run.isHeader) return { words: text.slice(0, at), original: headerAt(text, at) }
      passed = run.end
    }
    at = end + 1
  }
  return { words: text.slice(0, at), original: null }
}

function isDivider(line: string): boolean {
  const text = line.trim()
  if (text.length < shortestDivider) return false
  const patterns = '-*=_|'.includes(text[0] ?? '') ? drawn : text.length <= longestWorded ? worded : []
  return patterns.some(pattern => pattern.test(text))
}

/** The run of fields that begins at `at`: a header when it holds three of them, one of them telling. `end`: how far it was looked at. */
function fieldsFrom(text: string, at: number): { readonly isHeader: boolean; readonly end: number } {
  let fields = 0
  let told = false
  let end = at
  for (const line of text.slice(at, at + 4_000).split('\n')) {
    if (field.test(line)) {
      fields++
      told ||= telling.test(line)
    } else if (!/^>?[ \t]+\S/.test(line)) break
    if (told && fields >= 3) return { isHeader: true, end }
    end += line.length + 1
  }
  return { isHeader: false, end }
}

/** The header that follows within a few lines of a divider. */
function headerBehind(text: string, from: number): Header | null {
  let at = from
  for (let i = 0; i < 8 && at < text.length; i++) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end === -1 ? text.length : end)
    if (field.test(line)) return headerAt(text, at)
    if (end === -1) return null
    at = end + 1
  }
  return null
}

function headerAt(text: string, at: number): Header {
  const head = text.slice(at, at + 65_536)
  return parseHeaderText(head.startsWith('>') ? head.replace(/^>/gm, '') : head)
}
