/**
 * Content-Transfer-Encoding (RFC 2045 §6): octets of a body as latin1 text, decoded as far as they can be.
 *
 * Never throws; linear.
 * Pure.
 */

/** Decodes `body`; null when the encoding is none that RFC 2045 knows. Line ends are LF before and after. */
export function decodeTransfer(body: string, encoding: string | null): string | null {
  switch ((encoding ?? '').replace(/[\s;"].*$/s, '').toLowerCase()) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return body
    case 'quoted-printable':
      return decodeQuotedPrintable(body)
    case 'base64':
      return withoutCr(Buffer.from(base64Lines(body), 'base64').toString('latin1'))
    default:
      return null
  }
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
