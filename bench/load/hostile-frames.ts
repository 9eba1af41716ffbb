/**
 * Frames for the pieces of hostile-pieces.ts: where in a mail a piece is repeated, to 64 KiB in all, which is the most that is read in the tick.
 */
const octets = 65_536

const system = 'From: MAILER-DAEMON@mx.example\r\nTo: b@x.test\r\nSubject: Undelivered Mail Returned to Sender\r\n'
const standard = `${system}MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nx\r\n`
const status = `${standard}--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n`

/** Repeats a piece behind a head, to the limit. */
function filled(head: string, piece: string, tail = ''): Buffer {
  const room = octets - Buffer.byteLength(head) - Buffer.byteLength(tail)
  const body = Buffer.from(piece.repeat(Math.ceil(room / Buffer.byteLength(piece)))).subarray(0, room)
  return Buffer.concat([Buffer.from(head), body, Buffer.from(tail)])
}

const text = (fields: string) => `${system}${fields}\r\n\r\n`
const onOneLine = (piece: string) => piece.replace(/\r\n?|\n/g, ' ')

/** Every frame by name. */
export const frames: Readonly<Record<string, (piece: string) => Buffer>> = {
  'plain text': piece => filled(text('Content-Type: text/plain'), piece),
  'text of nobody known': piece => filled('Subject: failure notice\r\n\r\nyour message could not be delivered\r\n', piece),
  'delivery status': piece => filled(status, piece),
  'delivery status of many recipients': piece => filled(status, manyRecipients(piece)),
  'words beside a status': piece =>
    filled(standard, piece, '\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b\r\n\r\n'),
  'text of many recipients': piece => filled(text('Content-Type: text/plain'), manyNamed(piece)),
  diagnostic: piece =>
    filled(
      `${status}Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; `,
      piece.replace(/\r\n/g, '\r\n '),
    ),
  'one field': piece => filled('X: ', piece),
  subject: piece => filled('Subject: ', onOneLine(piece), '\r\n\r\nx'),
  'sender and recipients': piece => filled('From: a@b.example\r\nTo: ', onOneLine(piece), '\r\n\r\nx'),
  'whole mail': piece => filled('', piece),
  'quoted-printable': piece =>
    filled(text('Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable'), piece),
  base64: piece =>
    filled(
      text('Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64'),
      filled('', piece).subarray(0, 49_152).toString('base64'),
    ),
  'undeclared 8 bit': piece => filled(text('Content-Type: text/plain; charset=x-unknown'), `\u00ff${piece}`),
  html: piece => filled(text('Content-Type: text/html'), piece),
  'enclosed mail': piece => filled(`${standard}--B\r\nContent-Type: message/rfc822\r\n\r\n`, piece),
  boundaries: piece =>
    filled(`Content-Type: multipart/mixed; boundary="${onOneLine(piece).slice(0, 30).replaceAll('"', '')}"\r\n\r\n`, `--${piece}`),
  'content type': piece => filled('Content-Type: text/plain; ', onOneLine(piece), '\r\n\r\n'),
}

/** A piece as the diagnostic of one recipient of many, each another. */
function manyRecipients(piece: string): string {
  const said = onOneLine(piece)
    .repeat(Math.ceil(160 / piece.length))
    .slice(0, 160)
  return Array.from(
    { length: 300 },
    (_, i) => `Final-Recipient: rfc822; a${i}@b.example\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 550 ${said}\r\n\r\n`,
  ).join('')
}

/** The same in words alone, as qmail and Postfix write it. */
function manyNamed(piece: string): string {
  const said = onOneLine(piece)
    .repeat(Math.ceil(80 / piece.length))
    .slice(0, 80)
  return Array.from({ length: 500 }, (_, i) => `<a${i}@b.example>: 550 ${said}\r\n\r\n`).join('')
}
