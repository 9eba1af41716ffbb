/**
 * The mail a notification is about: its envelope and the header it came with.
 * No clock, no I/O.
 */

export type OriginalRecipient = {
  /** Without brackets. */
  readonly address: string
  /** RFC 3461 §4.2: `rfc822;jean@example.com`, decoded; null when the client said none. */
  readonly orcpt: string | null
}

export type Original = {
  readonly reversePath: string
  /** RFC 3461 §4.4; null when the client said none. */
  readonly envelopeId: string | null
  readonly arrivedAt: number
  /** The header block as it came, one octet a character, each line ended by CRLF. */
  readonly header: string
}

/** Reads the header block at the start of a message; a block that is cut keeps its whole lines. */
export function headerOf(octets: Buffer): string {
  const text = octets.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n')
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n')
  if (end === 0) return ''
  return end > 0 ? text.slice(0, end + 2) : text.slice(0, text.lastIndexOf('\r\n') + 2)
}

/** The value of the first field of that name, unfolded; null when there is none. */
export function fieldOf(header: string, name: string): string | null {
  const match = new RegExp(`(?:^|\r\n)${name}:[ \t]*((?:[^\r]|\r\n[ \t])*)`, 'i').exec(header)
  return match?.[1] === undefined ? null : match[1].replace(/\r\n/g, '').trim()
}
