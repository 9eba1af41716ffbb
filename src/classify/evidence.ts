/**
 * Evidence: what rules look at, read once from the words of a reply or a diagnostic.
 *
 * Of nested replies ("host mx said: 550 …") the innermost is judged; its code and status count, the outer ones only where it has none.
 * Pure.
 */
import { type EnhancedStatus, formatReplyLine, type Reply } from '../smtp/reply.ts'
import { innermostReply } from './innermost.ts'
import type { Phase } from './verdict.ts'
import { readWords, type Words } from './words.ts'

export type Evidence = Words & {
  readonly phase: Phase
  /** SMTP code of the innermost reply, else of the outer one. */
  readonly code: number | null
  /** 4 or 5 (or 2): of the outermost reply, of its code where there is one, else of its status. */
  readonly outerClass: number | null
  /** The one in the words themselves. */
  readonly status: EnhancedStatus | null
  /** Status field of the report: weaker, its own mail system may have made it up. */
  readonly reportStatus: EnhancedStatus | null
  /** Text lines without codes and status, the last line first. */
  readonly lines: readonly string[]
  /** Words of the last line alone; null when there is only one. */
  readonly lastLine: Words | null
  /** Cleaned of control characters, on one line, at most `maxTextLength`. */
  readonly text: string
  /** MX, remote or reporting host, lower-cased. */
  readonly host: string | null
  /** The reply around the judged one, null when nothing was nested. */
  readonly outer: string | null
}

/** Characters of a reply that are read: a legal one has at most 512 octets a line. Of longer ones both ends count. */
export const maxTextLength = 4_000

/** A sending server that quotes the reply to its HELO or MAIL (Postfix, Exim, qmail): no recipient had been named. */
const beforeRecipients =
  /\bin reply to (?:mail from|ehlo|helo)\b|\bserver after (?:mail from|ehlo|helo|initial connection)\b|\bbut (?:my name|sender) was rejected\b/i
/** The type in front of a Diagnostic-Code field (RFC 3464 §2.3.6), copied along with the reply. */
const diagnosticType = /^\s*(?:smtp|x-[a-z0-9-]{1,40})\s?;\s?/i
/** What qmail adds at the end of its last attempt. */
const givesUp = /\s(?:giving up on [^\s]{1,255}|i'm not going to try again; this message has been in the queue too long)[.\s]*$/i
/** sendmail sums up whatever RCPT was refused with, block lists too, in a line of its own: the reply before it is the one to judge. */
const summedUp =
  /(^|\n)(?:<<< |while talking to \S{1,255}: )?([45]\d\d[ -][^\n]+)\n55[0-3] 5\.[01]\.[0-3] <?[^\s<>]{1,320}>?\.\.\. User unknown\s*$/
/** What the sending server adds to the words of the other: which command they answered. */
const inReplyTo = /\(in reply to [a-z ]{3,40}\)/gi
const control = /[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]+/g
/** Code, then dash or space; Cisco and others put a `#` or a host tag in front of the status. */
const codeAtStart = /^[\s"']*([2-5][0-9][0-9])(?:([ -])|(?=[#:;,.]|$))/
const dashedCode = /^[2-5]\d\d-/
const statusAtStart = /^[ "'(-]*#?([245])\.(\d{1,3})\.(\d{1,3})\)?(?=[\s:;,.#)-]|$)[\s:;,)-]*/

/** Reads the evidence in a reply, or in a diagnostic with or without a three-digit code; LF parts the lines of a text. */
export function readEvidence(
  words: string | Reply,
  context: { phase: Phase; host: string | null; reportStatus?: EnhancedStatus | null },
): Evidence {
  const given = clip(typeof words === 'string' ? words : formatReplyText(words))
    .replace(control, ' ')
    .replace(/ {2,}/g, ' ')
    .replace(diagnosticType, '')
    .replace(summedUp, '$1$2')
  const early = (context.phase === 'rcpt' || context.phase === 'report') && beforeRecipients.test(given)
  const whole = given.replace(inReplyTo, ' ')
  const nested = innermostReply(whole)
  const outerHead = readHead(whole.trimStart())
  const lines = splitLines((nested ?? whole).replace(inReplyTo, ' ').replace(givesUp, '').trimStart()).map(readHead)
  const texts = lines.map(line => line.text)
  const text = texts.join(' ')
  const read = readWords(text)
  const first = lines.find(line => line.code !== null)
  const status = lines.find(line => line.status !== null)?.status ?? read.statuses[0] ?? null
  const outerStatus = outerHead.status ?? (nested === null ? status : null)
  const code = first?.code ?? null
  const lastText = texts.length > 1 ? texts.findLast(line => line.trim() !== '') : undefined
  return {
    words: read.words,
    names: read.names,
    links: read.links,
    addresses: read.addresses,
    addressesAt: read.addressesAt,
    hasIp: read.hasIp,
    statuses: read.statuses,
    phase: early ? 'mail' : context.phase,
    code: code ?? outerHead.code,
    outerClass:
      outerHead.code !== null ? Math.floor(outerHead.code / 100) : (outerStatus?.class ?? (code === null ? null : Math.floor(code / 100))),
    status,
    reportStatus: context.reportStatus ?? null,
    lines: texts.reverse(),
    lastLine: lastText === undefined ? null : readWords(lastText),
    text,
    host: context.host?.toLowerCase().replace(/\.$/, '') ?? null,
    outer: nested === null ? null : whole.slice(0, whole.length - nested.length),
  }
}

type Head = { code: number | null; status: EnhancedStatus | null; text: string }

function readHead(line: string): Head {
  const code = codeAtStart.exec(line)
  const rest = code ? line.slice(code[0].length) : line.trimStart()
  const status = statusAtStart.exec(rest)
  return {
    code: code ? Number(code[1]) : null,
    status: status ? { class: Number(status[1]) as 2 | 4 | 5, subject: Number(status[2]), detail: Number(status[3]) } : null,
    text: (status ? rest.slice(status[0].length) : rest).trim(),
  }
}

/** Servers that quote a multi-line reply put its lines on one: `550-one 550-two 550 three`. */
function splitLines(text: string): string[] {
  const lines = text.split('\n')
  return lines.some(line => line[3] === '-') ? lines.flatMap(splitQuotedLines) : lines
}

function splitQuotedLines(line: string): string[] {
  if (!dashedCode.test(line)) return [line]
  const code = line.slice(0, 3)
  const parts: string[] = []
  let from = 0
  for (let at = line.indexOf(` ${code}`); at !== -1; at = line.indexOf(` ${code}`, at + 1)) {
    const after = line[at + 4]
    if (after !== ' ' && after !== '-') continue
    parts.push(line.slice(from, at))
    from = at + 1
  }
  parts.push(line.slice(from))
  return parts
}

function clip(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength / 2)} ${text.slice(-maxTextLength / 2)}`
}

function formatReplyText(reply: Reply): string {
  const [first, ...more] = reply.text
  return [formatReplyLine({ ...reply, text: [first] }), ...more].join('\n')
}
