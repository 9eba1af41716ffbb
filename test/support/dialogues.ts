/**
 * Dialogues that any SMTP server and rebond before it answer alike. The server takes `maxDialogueOctets`, knows no `nobody`, and lets `jean`
 * log in, when it has log-ins.
 */
import { type Dialogue, mail, type Said, say } from './dialogue.ts'

/** Octets of the longest message that the server is to take. */
export const maxDialogueOctets = 20_000

const octets = (text: string) => Buffer.from(text).toString('latin1')
export const base64 = (text: string) => Buffer.from(text).toString('base64')
export const from = 'MAIL FROM:<crm@sender.test>'
export const to = 'RCPT TO:<jean@example.com>'
const envelope = [from, to]
const letter = mail('Subject: Hello\r\n\r\nBonjour\r\n')
export const login = (mechanism: string, ...more: string[]): Said => ({ line: `AUTH ${mechanism}`, more: more.map(line => `${line}\r\n`) })
const afterHello = (...lines: readonly (string | Said)[]) => say('EHLO CRM', ...lines, 'QUIT')

export const dialogues: Readonly<Record<string, Dialogue>> = {
  'one mail': afterHello(...envelope, letter),
  HELO: say('HELO CRM', ...envelope, letter, 'QUIT'),
  'several mails on one connection': afterHello(...envelope, letter, ...envelope, 'RCPT TO:<anne@example.com>', letter, from, to, letter),
  'the null reverse-path': afterHello('MAIL FROM:<>', to, letter),
  'recipients of every fate': afterHello(
    from,
    ...['a', 'nobody', 'full', 'b', 'later', 'moved', 'a'].map(name => `RCPT TO:<${name}@example.com>`),
    letter,
  ),
  'no recipient is left': afterHello(from, 'RCPT TO:<nobody@example.com>', 'RCPT TO:<later@example.com>', letter, 'RSET'),
  'fifty recipients': afterHello(from, ...Array.from({ length: 50 }, (_, i) => `RCPT TO:<r${i}@example.com>`), letter),
  'stuffed dots': afterHello(...envelope, mail('..\r\n...\r\n..x\r\nx.\r\n.x\r\n\r\n..\r\n')),
  'no body at all': afterHello(...envelope, mail('')),
  'an empty line alone': afterHello(...envelope, mail('\r\n')),
  'a body without a header': afterHello(...envelope, mail('\r\nBonjour\r\n')),
  '8-bit octets, every one but NUL': afterHello(
    `${from} BODY=8BITMIME`,
    to,
    mail(`Subject: 8\r\n\r\n${Array.from({ length: 255 }, (_, i) => `x${String.fromCharCode(i + 1)}y\r\n`).join('')}`),
  ),
  'line ends of other systems': afterHello(...envelope, mail('Subject: ends\n\none\ntwo\rthree\r\r\nfour\n\r\n\r\r\nfive\n..six\r\n')),
  'lines of 998, 5,000 and 15,000 octets': afterHello(
    ...envelope,
    mail(`Subject: long\r\n\r\n${'x'.repeat(998)}\r\n${'y'.repeat(5000)}\r\n`),
    ...envelope,
    mail(`${'.z'.repeat(7500)}\r\n`),
  ),
  'a message of the size that is allowed': afterHello(...envelope, mail(`${'x'.repeat(maxDialogueOctets - 2)}\r\n`)),
  'a message too big': afterHello(...envelope, mail(`${'0123456789abc\r\n'.repeat(3000)}`), ...envelope, letter),
  'SIZE in time and too big': afterHello(`${from} SIZE=99999999`, `${from} SIZE=100`, to, letter, `${from} SIZE=x`, `${from} SIZE=`),
  'refused after the dot': afterHello(...envelope, mail('Subject: viagra\r\n\r\n'), ...envelope, letter),
  SMTPUTF8: afterHello(
    octets('MAIL FROM:<jérôme@exämple.test> SMTPUTF8'),
    octets('RCPT TO:<アンナ@例え.test>'),
    octets('RCPT TO:<jean@xn--exmple-cua.test>'),
    mail(octets('Subject: Grüße\r\nTo: アンナ\r\n\r\nça va\r\n')),
  ),
  'parameters of DSN': afterHello(
    `${from} RET=HDRS ENVID=QQ314159+2B`,
    `${to} NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Jean+40example.com`,
    'RCPT TO:<anne@example.com> NOTIFY=NEVER',
    letter,
  ),
  'parameters that are wrong': afterHello(
    `${from} RET=NONE`,
    `${from} BODY=9BIT`,
    `${from} SMTPUTF8=1`,
    `${from} RET=FULL RET=FULL`,
    from,
    `${to} NOTIFY=SOMETIMES`,
    `${to} NOTIFY=NEVER,DELAY`,
    to,
    letter,
  ),
  'lower case, and spaces where none belong': afterHello(
    'mail from:<crm@sender.test>',
    'rcpt TO: <jean@example.com>',
    'rset',
    'MAIL FROM:  <a@b.test> BODY=8BITMIME',
    to,
    letter,
  ),
  'address forms': afterHello(
    from,
    ...[
      '<@a.test,@b.test:jean@example.com>',
      "<o'h+tag@example.com>",
      '<jean@[127.0.0.1]>',
      '<jean@[IPv6:::1]>',
      '<Postmaster>',
      '<a=b!c%d@example.com>',
      '<x_y@a-b.example.com>',
    ].map(path => `RCPT TO:${path}`),
    letter,
  ),
  'commands of no effect': afterHello('NOOP', 'NOOP with words', 'VRFY jean', 'HELP', from, 'NOOP', to, 'HELP', letter, 'RSET', 'NOOP'),
  'RSET anywhere': afterHello('RSET', from, 'RSET', from, to, 'RSET', letter, from, to, letter, 'RSET'),
  'EHLO again, in a transaction': afterHello(from, to, 'EHLO CRM', letter, from, to, letter, 'HELO CRM', 'DATA'),
  'wrong order': say('NOOP', 'RSET', from, to, 'DATA', 'EHLO CRM', to, 'DATA', from, from, 'DATA', to, letter, 'DATA', 'QUIT'),
  'wrong words': say(
    'EHLO',
    'XYZZY',
    'EHLO CRM',
    'HELLO',
    'MAIL',
    'MAIL FROM:',
    'MAIL FROM:crm@sender.test',
    'MAIL FROM:<crm@sender.test',
    'MAIL FROM:<crm@>',
    'MAIL TO:<crm@sender.test>',
    from,
    'RCPT TO:<>',
    'RCPT TO:<jean>',
    'RCPT TO:<@example.com>',
    'RCPT FROM:<jean@example.com>',
    to,
    letter,
    'ETRN x',
    'QUIT',
  ),
  'AUTH PLAIN': afterHello(login(`PLAIN ${base64('\0jean\0s3cret')}`), ...envelope, letter, login('PLAIN')),
  'AUTH PLAIN in two lines': afterHello(login('PLAIN', base64('\0jean\0s3cret')), ...envelope, letter),
  'AUTH LOGIN': afterHello(login('LOGIN', base64('jean'), base64('s3cret')), ...envelope, letter),
  'AUTH LOGIN with the name at once': afterHello(login(`LOGIN ${base64('jean')}`, base64('s3cret')), ...envelope, letter),
  'AUTH that fails': afterHello(
    login(`PLAIN ${base64('\0jean\0wrong')}`),
    login('LOGIN', base64('jean'), base64('wrong')),
    login('PLAIN', '*'),
    login('LOGIN', '*'),
    login('LOGIN', base64('jean'), '*'),
    login('PLAIN', 'no base64!'),
    login('CRAM-MD5'),
    login('XYZZY'),
    'NOOP',
    ...envelope,
    letter,
  ),
  'QUIT in the middle': say('EHLO CRM', from, to, 'QUIT'),
  'QUIT at once': say('QUIT'),
}
