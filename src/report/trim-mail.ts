/**
 * What is kept of a returned mail once it was passed on: the words for people, the delivery status and the headers of the original; not what
 * the CRM had written to its customer.
 *
 * Promises: a mail that was trimmed gives the same report as before. Never throws; linear; the first `maxMailOctets` are read. Pure.
 */
import { Buffer } from 'node:buffer'
import { parseContentType } from './content-type.ts'
import { splitAtOriginal } from './enclosed.ts'
import { parseHeaderText } from './header.ts'
import { maxMailOctets, withLf } from './mail.ts'

const maxDepth = 12
/** Words of a mail system, where nothing tells them from the copy of the original. */
const maxWords = 65_536
/** Parts that hold a mail: their header is kept. */
const enclosing = /^(?:message\/(?:rfc822|global|partial|news)|text\/rfc822)$/
/** Parts that say what happened. */
const telling = /^(?:text\/|message\/(?:delivery-status|global-delivery-status|feedback-report|disposition-notification|global-headers))/

/** Makes of a mail what is kept of it. */
export function trimMail(raw: Buffer): Buffer {
  return Buffer.from(
    trimEntity(withLf(raw.toString('latin1', 0, Math.min(raw.length, maxMailOctets))), 0).replaceAll('\n', '\r\n'),
    'latin1',
  )
}

function trimEntity(text: string, depth: number): string {
  const header = parseHeaderText(text)
  const { type, parameters } = parseContentType(header.first('content-type'))
  const head = text.slice(0, header.bodyStart)
  const body = text.slice(header.bodyStart)
  const boundary = parameters.get('boundary') ?? ''
  if (type.startsWith('multipart/') && boundary !== '' && depth < maxDepth) return head + trimParts(body, boundary, depth)
  if (enclosing.test(type)) return head + body.slice(0, parseHeaderText(body).bodyStart)
  if (telling.test(type)) return head + (depth === 0 ? trimWords(body) : body.slice(0, maxWords))
  return head
}

/** Each part on its own; what stands before the first and behind the last is kept as words are. */
function trimParts(body: string, boundary: string, depth: number): string {
  const delimiter = `--${boundary}`
  const lines = body.split('\n')
  const parts: string[][] = [[]]
  const delimiters: string[] = []
  for (const line of lines) {
    if (line.startsWith(delimiter)) {
      delimiters.push(line)
      parts.push([])
    } else parts.at(-1)?.push(line)
  }
  const closedAt = delimiters.findIndex(line => line.startsWith(`${delimiter}--`)) + 1
  return parts
    .map((part, index) => {
      const text = part.join('\n')
      const isPart = index > 0 && (closedAt === 0 || index < closedAt)
      const kept = isPart ? trimEntity(text, depth + 1) : text.slice(0, maxWords)
      const line = index === 0 ? '' : `${delimiters[index - 1]}\n`
      return line + kept + (index < parts.length - 1 ? '\n' : '')
    })
    .join('')
}

/** Words, and the header of the original behind them; its body goes. */
function trimWords(body: string): string {
  const { words, original } = splitAtOriginal(body)
  if (original === null) return body.slice(0, maxWords)
  const rest = body.slice(words.length)
  const field = /^>?[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]?.*\n/m.exec(rest)
  if (!field) return body.slice(0, maxWords)
  const end = /\n[>\s]*\n/.exec(rest.slice(field.index))
  return words + (end ? rest.slice(0, field.index + end.index + end[0].length) : rest)
}
