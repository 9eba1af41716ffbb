/**
 * The same dialogues straight to a real SMTP server (smtp-server, which nobody here wrote) and through rebond: the same replies, and the
 * same message stored, octet for octet. Random ones: `FUZZ_RUNS=1000 npx tap test/relay/differential.test.ts`, a seed is printed on failure.
 */
import { once } from 'node:events'
import fc from 'fast-check'
import { SMTPServer } from 'smtp-server'
import t, { type Test } from 'tap'
import { type Dialogue, difference, type Manner, mail, manners, play, type Said, say, type Turn } from '../support/dialogue.ts'
import { base64, dialogues, from, login, maxDialogueOctets, to } from '../support/dialogues.ts'
import { relayUnderTest } from '../support/relay-under-test.ts'
import { smtpClient } from '../support/smtp-client.ts'

type Address = { readonly host: string; readonly port: number }
/** A message that the server took, whatever it answered more: who logged in, the envelope, and its octets without stuffed dots (latin1). */
type Stored = { user: string; from: object; to: object; body: string }
type Stage = { readonly direct: Address; readonly relayed: Address; readonly stored: Map<string, Stored[]> }

/** The reply that a local part stands for. */
const fates: Readonly<Record<string, [code: number, text: string]>> = {
  nobody: [550, 'No such user here'],
  full: [452, 'Mailbox full'],
  later: [451, 'Greylisted, come again'],
  moved: [551, 'User not local'],
}

/** The server stores under the name that the client said in EHLO, so that plays can run side by side. */
async function openStage(t: Test): Promise<Stage> {
  const stored = new Map<string, Stored[]>()
  const server = new SMTPServer({
    name: 'mail.test',
    size: maxDialogueOctets,
    authOptional: true,
    allowInsecureAuth: true,
    authMethods: ['PLAIN', 'LOGIN'],
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    maxClients: 1000,
    onAuth({ username, password }, _, callback) {
      if (username === 'jean' && password === 's3cret') return callback(null, { user: username })
      callback(Object.assign(new Error('Wrong name or password'), { responseCode: 535 }))
    },
    onRcptTo({ address }, _, callback) {
      const fate = fates[address.split('@')[0] ?? '']
      callback(fate ? Object.assign(new Error(fate[1]), { responseCode: fate[0] }) : null)
    },
    onData(stream, session, callback) {
      const pieces: Buffer[] = []
      stream.on('data', piece => pieces.push(piece))
      stream.on('end', () => {
        const body = Buffer.concat(pieces).toString('latin1')
        const { mailFrom, rcptTo } = session.envelope
        const from = { null: mailFrom !== false && mailFrom.address === '', args: mailFrom !== false && mailFrom.args }
        const of = session.hostNameAppearsAs
        stored.set(of, [...(stored.get(of) ?? []), { user: String(session.user), from, to: rcptTo, body }])
        if (stream.sizeExceeded) callback(Object.assign(new Error('Too big'), { responseCode: 552 }))
        else if (body.includes('viagra')) callback(Object.assign(new Error('Spam'), { responseCode: 554 }))
        else callback(null, `queued, ${body.length} octets`)
      })
    },
  })
  server.on('error', () => {})
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => new Promise<void>(resolve => server.close(() => resolve())))
  const direct = { host: '127.0.0.1', port: (listener.address() as { port: number }).port }
  const { port } = await relayUnderTest(t, { deps: { upstreamAddress: () => direct } })
  return { direct, relayed: { host: '127.0.0.1', port }, stored }
}

let plays = 0

/** Plays a dialogue directly and through rebond, at the same time; says what differs, null when nothing does. */
async function compare(t: Test, stage: Stage, dialogue: Dialogue, manner: Manner, differs?: RegExp): Promise<string | null> {
  const playTo = async (at: Address) => {
    const name = `play-${plays++}.crm.test`
    const client = await smtpClient(t, at)
    const turns = await play(
      client,
      dialogue.map(said => ({ ...said, line: said.line.replace('CRM', name) })),
      manner,
    )
    client.socket.destroy()
    return {
      turns: turns.map(({ said, reply }) => ({ said: said.replace(name, 'CRM'), reply })),
      stored: stage.stored.get(name) ?? [],
    }
  }
  const [direct, relayed] = await Promise.all([playTo(stage.direct), playTo(stage.relayed)])
  const [here, there] = [direct, relayed].map(({ stored }) => JSON.stringify(stored))
  return difference(direct.turns, relayed.turns, differs) ?? (here === there ? null : `stored ${here}, but ${there} through rebond`)
}

t.test('a real server and rebond before it: the same replies, the same message', async t => {
  const stage = await openStage(t)
  await Promise.all(
    Object.entries(dialogues).flatMap(([name, dialogue]) =>
      manners.map(async manner => t.equal(await compare(t, stage, dialogue, manner), null, `${name}, ${manner}`)),
    ),
  )
  const messages = [...stage.stored.values()].flat().length
  t.ok(messages > 6 * 30, `${messages} messages were stored`)
})

t.test('the comparison sees what differs', async t => {
  const turns = [
    { said: '', reply: '220 mail.test ESMTP' },
    { said: 'EHLO CRM', reply: '250-mail.test\n250-SIZE 5\n250-XCLIENT NAME\n250 DSN' },
    { said: to, reply: '250 2.1.5 Accepted' },
  ]
  const [greeting, hello, recipient] = turns as [Turn, Turn, Turn]
  for (const [through, why] of [
    [[{ ...greeting, reply: '220 relay.test ESMTP' }, { ...hello, reply: '250-relay.test\n250-DSN\n250 SIZE 5' }, recipient], null],
    [[greeting, { ...hello, reply: '250-mail.test\n250 DSN' }, recipient], /EHLO/],
    [[greeting, hello, recipient], /XCLIENT/],
    [[greeting, { ...hello, reply: '250-mail.test\n250-SIZE 5\n250 DSN' }, { ...recipient, reply: '250 2.1.5 accepted' }], /RCPT/],
    [[greeting, { ...hello, reply: '250-mail.test\n250-SIZE 5\n250 DSN' }], /RCPT.*\n.*none/],
    [[greeting, { ...hello, reply: '250-mail.test\n250-SIZE 5\n250 DSN' }, recipient, recipient], /4 replies/],
  ] as const) {
    if (why === null) t.equal(difference(turns, through), null)
    else t.match(difference(turns, through), why)
  }
  // Found by fuzzing: nobody answers behind a QUIT, and STARTTLS is no exception.
  const gone: Turn = { said: 'STARTTLS', reply: '(closed)' }
  t.equal(difference([gone], [gone]), null)
  t.match(difference([gone], [{ ...gone, reply: '502 5.5.1 no' }]), /STARTTLS/)
  t.match(difference([{ ...gone, reply: '502 5.5.1 no' }], [gone]), /STARTTLS/)
})

/** A message in wire form of any octets but NUL, its line ends those of several systems, never a look-alike of its end. */
const anyMail: fc.Arbitrary<Said> = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.string({ maxLength: 60 }) },
        { weight: 2, arbitrary: fc.uint8Array({ maxLength: 80 }).map(octets => Buffer.from(octets).toString('latin1')) },
        { weight: 2, arbitrary: fc.constantFrom('', '.', '..', '.x', 'Subject: x', 'From: "Jean" <jean@example.com>') },
        { weight: 1, arbitrary: fc.integer({ min: 900, max: 4000 }).map(length => 'x'.repeat(length)) },
      ),
      fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r'),
    ),
    { maxLength: 12 },
  )
  .map(lines => {
    const text = lines.map(([line, end]) => line.replace(/[\r\n\0]/g, '') + end).join('')
    const whole = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`
    return mail(whole.replace(/(^|\r\n)\./g, '$1..').replace(/([\r\n])\.(?=[\r\n])/g, '$1x'))
  })

const anyRecipient = fc
  .tuple(fc.constantFrom('jean', 'anne', 'nobody', 'full', 'later', 'moved', "o'h+tag"), fc.constantFrom('', ' NOTIFY=NEVER', ' NOTIFY=X'))
  .map(([name, after]): Said => ({ line: `RCPT TO:<${name}@example.com>${after}` }))
const anyFrom = fc
  .constantFrom('', ' SIZE=100', ' SIZE=999999', ' BODY=8BITMIME', ' RET=FULL ENVID=x+2By', ' RET=NONE')
  .map(after => ({ line: from + after }))
const anyTransaction = fc
  .tuple(anyFrom, fc.array(anyRecipient, { minLength: 1, maxLength: 5 }), anyMail)
  .map(([from, recipients, mail]) => [from, ...recipients, mail])
/** A log-in stands behind an EHLO: elsewhere RFC 4954 §4 forbids it, and this server does not mind. */
const anyLogin = fc
  .constantFrom(
    login(`PLAIN ${base64('\0jean\0s3cret')}`),
    login('LOGIN', base64('jean'), base64('s3cret')),
    login('LOGIN', base64('jean'), base64('x')),
    login('PLAIN', '*'),
  )
  .map(said => say('EHLO CRM', said))
const anyCommand = fc.oneof(
  anyFrom,
  anyRecipient,
  anyMail,
  fc.constantFrom(
    ...say('NOOP', 'RSET', 'rset', 'VRFY x', 'HELP', 'EHLO CRM', 'HELO CRM', 'MAIL FROM:<>', 'RCPT TO:<>', 'XYZZY', 'STARTTLS', 'QUIT'),
  ),
)
const anyDialogue = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: anyTransaction },
      { weight: 3, arbitrary: anyCommand.map(said => [said]) },
      { weight: 1, arbitrary: anyLogin },
    ),
    { maxLength: 8 },
  )
  .map(parts => say('EHLO CRM', ...parts.flat(), 'QUIT'))

t.test('random dialogues too', async t => {
  const stage = await openStage(t)
  // Eight at a time: the server waits 100 ms before it greets.
  const eight = fc.array(fc.tuple(anyDialogue, fc.constantFrom(...manners)), { minLength: 8, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(eight, async all => {
      const found = await Promise.all(all.map(([dialogue, manner]) => compare(t, stage, dialogue, manner)))
      const why = found.find(difference => difference !== null)
      if (why !== undefined) throw new Error(why ?? '')
    }),
    { numRuns: Math.ceil(Number(process.env.FUZZ_RUNS ?? 80) / 8) },
  )
})
