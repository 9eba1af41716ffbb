/** The manuals of `rebond classify` and `rebond classify-reply`. Pure. */
import type { Manual } from './manual.ts'

export const classifyManual = {
  name: 'classify',
  summary: 'say what returned mails are, for whom, and why',
  synopsis: ['classify [--ndjson] FILE…', 'classify [--ndjson] -'],
  description: [
    'Says of each mail what it is (bounce, delay, success, auto_reply, complaint, mdn, challenge, other), and of each recipient that a bounce or delay names: the category of the cause, whose fault it is, hard or soft, and the rule that decided. "-" is one mail from standard input. No server is needed.',
    'Of each mail the first MiB is read. What a mail holds never changes the exit status.',
  ],
  operands: 'files',
  options: {
    ndjson: { type: 'boolean', says: 'one JSON object a line, one line a mail, in input order' },
    json: { type: 'boolean', says: 'the same as --ndjson' },
  },
  examples: [
    ['what happened to this mail?', 'rebond classify returned.eml'],
    [
      'how many of them say the mailbox does not exist?',
      'rebond classify --ndjson Maildir/new/* | grep -c \'"category":"invalid_address"\'',
    ],
    ['from a mail client', 'rebond classify - < returned.eml'],
  ],
  exit: { 0: 'done', 1: 'a file could not be read; the others were', 2: 'wrong usage' },
} as const satisfies Manual

export const classifyReplyManual = {
  name: 'classify-reply',
  summary: 'say what SMTP replies mean, one a line',
  synopsis: ['classify-reply [--ndjson] [--phase PHASE] [--host NAME]'],
  description: [
    'Reads SMTP replies from standard input, one a line, and says what each means. The lines of a multi-line reply are joined by a backslash and an n; a diagnostic without a three-digit code is welcome too. Exactly one line is printed per line read, as soon as it is read.',
  ],
  options: {
    ndjson: { type: 'boolean', says: 'one JSON object a line: { "reply", "category", "fault", "type", "rule" }' },
    json: { type: 'boolean', says: 'the same as --ndjson' },
    phase: {
      type: 'string',
      value: 'PHASE',
      choices: ['connect', 'mail', 'rcpt', 'data'],
      says: 'the command the replies answered: connect, mail, rcpt (unless told) or data',
    },
    host: { type: 'string', value: 'NAME', says: 'the host that gave them' },
  },
  examples: [
    ['one reply', "echo '550 5.1.1 User unknown' | rebond classify-reply"],
    ['a reply of several lines', "echo '550-5.1.1 <jean@example.com>\\n550 5.1.1 User unknown' | rebond classify-reply --ndjson"],
    [
      "why mail was deferred, from Postfix's log",
      "sed -n 's/.*said: \\(.*\\) (in reply.*/\\1/p' /var/log/mail.log | rebond classify-reply",
    ],
  ],
  exit: { 0: 'done', 2: 'wrong usage' },
} as const satisfies Manual
