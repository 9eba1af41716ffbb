/**
 * The value of Content-Type and its like: a type and its parameters (RFC 2045 §5.1), quoted or not, with or without the semicolons that some
 * servers forget.
 *
 * Never throws; linear.
 * Pure.
 */
export type ContentType = {
  /** Lower case, for example `multipart/report`; `text/plain` where nothing readable stands (RFC 2045 §5.2). */
  readonly type: string
  /** Values by lower-case name, quotes removed; the first of two counts. */
  readonly parameters: ReadonlyMap<string, string>
  /** It is written as RFC 2045 wants it. */
  readonly sound: boolean
}

const maxOctets = 8_192
const parameter = /([A-Za-z][\w-]{0,60})\*?[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"?|([^\s;"]+))/g

/** Parses the value of a Content-Type field; null: the field is missing. */
export function parseContentType(value: string | null): ContentType {
  if (value === null) return { type: 'text/plain', parameters: new Map(), sound: true }
  const text = value.slice(0, maxOctets)
  const end = text.search(/[\s;]/)
  const type = (end === -1 ? text : text.slice(0, end)).toLowerCase()
  const parameters = new Map<string, string>()
  if (end !== -1) {
    for (const match of text.slice(end).matchAll(parameter)) {
      const name = (match[1] ?? '').toLowerCase()
      if (!parameters.has(name)) parameters.set(name, match[2] === undefined ? (match[3] ?? '') : match[2].replace(/\\(.)/gs, '$1'))
    }
  }
  const sound = /^[\w.+-]+\/[\w.+-]+\s*(?:;|$)/.test(text.slice(0, 200))
  return { type: /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'text/plain', parameters, sound }
}
