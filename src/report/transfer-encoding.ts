/**
 * Content-Transfer-Encoding (RFC 2045 §6): octets of a body as latin1 text, decoded as far as they can be.
 *
 * Never throws; linear.
 * Pure.
 */

/** Says whether an encoding is one that RFC 2045 knows; null: the field is missing, which means 7bit. */
export function isTransferEncoding(encoding: string | null): boolean {
  return /^(?:7bit|8bit|binary|quoted-printable|base64|)$/.test(nameOf(encoding))
}

/** Decodes `body`; in an encoding that nobody knows it stays as it is. Line ends are LF before and after. */
export function decodeTransfer(body: string, encoding: string | null): string {
  switch (nameOf(encoding)) {
    case 'quoted-printable':
      return decodeQuotedPrintable(body)
    case 'base64':
      return withoutCr(Buffer.from(base64Lines(body), 'base64').toString('latin1'))
    default:
      return body
  }
}

function nameOf(encoding: string | null): string {
  return (encoding ?? '').replace(/[\s;"].*$/s, '').toLowerCase()
}

function decodeQuotedPrintable(body: string): string {
  if (!body.includes('=')) return body
  return withoutCr(
    body.replace(/=[ \t]{0,80}\n/g, '').replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  )
}

/** A gateway's footer behind the base64 text is none of it: what is no base64 line ends it. */
function base64Lines(body: string): string {
  const lines: string[] = []
  for (const line of body.split('\n')) {
    if (line === '' || /^[A-Za-z0-9+/= \t]+$/.test(line)) lines.push(line)
    else if (lines.some(one => one !== '')) break
  }
  return lines.join('')
}

function withoutCr(text: string): string {
  return text.includes('\r') ? (text.includes('\n') ? text.replaceAll('\r', '') : text.replaceAll('\r', '\n')) : text
}
