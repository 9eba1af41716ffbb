import fc from 'fast-check'
import t from 'tap'
import { parseCommand } from '../../src/smtp/command.ts'
import type { Effect, Event, Rules, State } from '../../src/smtp/dialogue.ts'
import { ourReplies } from '../../src/smtp/our-replies.ts'
import { reply, type SpokenReply, speak } from '../../src/smtp/reply.ts'
import { maxSlots } from '../../src/smtp/slots.ts'
import { openState, step, takesLines } from '../../src/smtp/transaction.ts'

const rules: Rules = {
  hostname: 'relay.test',
  maxMessageBytes: 10_000,
  maxRecipients: 1000,
  startTls: true,
  clearAuth: true,
  ownMechanisms: null,
  loginRequired: false,
  refuseData: null,
}
const facts = { verified: false, mayAuth: true }
const says = (code: number, text = 'x'): SpokenReply => speak(reply(code, null, text))
const ehlo = (...keywords: string[]): SpokenReply => speak({ code: 250, text: ['upstream.test', ...keywords] })
const refusal = speak(reply(550, '5.1.1', 'blacklisted'))

/** Drives the machine as the session does, and keeps what it asked for. */
class Machine {
  state: State
  readonly said: string[] = []
  readonly sent: string[] = []
  readonly asked: number[] = []
  readonly other: Effect[] = []
  constructor(more: Partial<Rules> = {}) {
    this.state = openState({ ...rules, ...more }, false)
  }
  give(...events: Event[]): this {
    for (const event of events) {
      const { state, effects } = step(this.state, event)
      this.state = state
      for (const effect of effects) {
        if (effect.type === 'say') this.said.push(effect.wire.trimEnd())
        else if (effect.type === 'send') this.sent.push(effect.line)
        else if (effect.type === 'screen') this.asked.push(effect.number)
        else if (effect.type !== 'recipient') this.other.push(effect)
      }
    }
    return this
  }
  lines(...lines: string[]): this {
    for (const line of lines) this.give(eventOf(line))
    return this
  }
  reply(...codes: (number | SpokenReply)[]): this {
    for (const code of codes) this.give({ type: 'reply', spoken: typeof code === 'number' ? says(code) : code })
    return this
  }
  /** Answers every lookup; the keys given are blacklisted. */
  screen(...blacklisted: number[]): this {
    for (const number of this.asked.splice(0)) this.give({ type: 'screened', number, found: blacklisted.includes(number) ? refusal : null })
    return this
  }
  hello(...keywords: string[]): this {
    this.give({ type: 'ready', facts })
      .lines('EHLO crm.test')
      .reply(ehlo(...keywords))
    this.said.length = 0
    this.sent.length = 0
    return this
  }
  codes(): string[] {
    return this.said.map(wire => wire.slice(0, 3))
  }
  types(): string[] {
    return this.other.map(({ type }) => type)
  }
}

function eventOf(line: string): Event {
  const parsed = parseCommand(line)
  if (!parsed.ok) return { type: 'bad-line', why: parsed.why }
  const { command } = parsed
  if (command.verb !== 'MAIL') return { type: 'command', command, envelope: null }
  const envelope = {
    id: 'id',
    reversePath: command.address,
    line: `MAIL FROM:<ours>`,
    envelopeId: command.address.startsWith('keep') ? 'TOKEN' : null,
    known: false,
    declaredOctets: null,
  }
  return { type: 'command', command, envelope }
}

t.test('an envelope id of ours goes behind MAIL where upstream offers DSN, and nowhere else', async t => {
  for (const [greeting, mail, sent] of [
    [ehlo('DSN'), 'MAIL FROM:<keep@crm.test>', 'MAIL FROM:<ours> ENVID=TOKEN'],
    [ehlo('PIPELINING'), 'MAIL FROM:<keep@crm.test>', 'MAIL FROM:<ours>'],
    [ehlo('DSN'), 'MAIL FROM:<crm@crm.test>', 'MAIL FROM:<ours>'],
  ] as const) {
    const machine = new Machine().give({ type: 'ready', facts }).lines('EHLO crm.test').reply(greeting)
    t.equal(machine.lines(mail).sent.at(-1), sent, mail)
  }
})

t.test('before upstream is there commands wait, and its loss is 421 to the first of them', async t => {
  const machine = new Machine().lines('EHLO crm.test')
  t.same([machine.said, machine.sent, takesLines(machine.state)], [[], [], false])
  machine.give({ type: 'ready', facts })
  t.same(machine.sent, ['EHLO crm.test'])
  machine.reply(ehlo('PIPELINING', 'CHUNKING'))
  t.same(machine.said, ['250-relay.test\r\n250-PIPELINING\r\n250 STARTTLS'])

  for (const [lines, said] of [
    [['EHLO x'], ['421']],
    [['NOOP', 'RSET'], ['421']],
    [['QUIT'], ['221']],
    [[], []],
  ] as const) {
    const lost = new Machine().lines(...lines).give({ type: 'lost', farewell: ourReplies.upstreamUnavailable, retry: false })
    t.same(lost.codes(), said, lines.join())
    t.equal(lost.state.input === 'over', said.length > 0)
  }
})

t.test('every command has its reply in every state, and the state it leads to', async t => {
  const open = (machine: Machine) => machine.hello('PIPELINING').lines('MAIL FROM:<a@b>', 'RCPT TO:<c@d>').screen().reply(250, 250)
  const states: Record<string, (machine: Machine) => Machine> = {
    connected: machine => machine.give({ type: 'ready', facts }),
    greeted: machine => machine.hello('PIPELINING', 'AUTH PLAIN'),
    mail: machine => machine.hello('PIPELINING', 'AUTH PLAIN').lines('MAIL FROM:<a@b>').reply(250),
    recipient: open,
  }
  const asks: Record<string, Record<string, string>> = {
    connected: {
      'MAIL FROM:<a@b>': '503',
      'RCPT TO:<a@b>': '503',
      DATA: '503',
      'AUTH PLAIN': '503',
      NOOP: '→',
      RSET: '→',
      QUIT: '→',
      STARTTLS: '220',
    },
    greeted: {
      'MAIL FROM:<a@b>': '→',
      'RCPT TO:<a@b>': '?',
      DATA: '→',
      'AUTH PLAIN': '→',
      'AUTH LOGIN': '504',
      'EHLO x': '→',
      'HELO x': '→',
      VRFY: '252',
      HELP: '214',
      NO: '500',
      BDAT: '502',
    },
    mail: { 'MAIL FROM:<a@b>': '→', 'RCPT TO:<a@b>': '?', DATA: '→', 'AUTH PLAIN': '503', RSET: '→' },
    recipient: { 'RCPT TO:<a@b>': '?', DATA: '→', QUIT: '→', 'EHLO x': '→' },
  }
  for (const [name, lead] of Object.entries(states)) {
    for (const [line, answer] of Object.entries(asks[name] ?? {})) {
      const machine = lead(new Machine())
      machine.said.length = 0
      machine.sent.length = 0
      machine.lines(line)
      const seen = machine.sent.length > 0 ? '→' : machine.asked.length > 0 ? '?' : machine.codes().join()
      t.equal(seen, answer, `${name}: ${line}`)
    }
  }
})

t.test('replies keep the order of the commands, ours and theirs', async t => {
  const machine = new Machine().hello('PIPELINING').lines('MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'RCPT TO:<e@f>', 'VRFY x', 'DATA')
  t.same(machine.sent, ['MAIL FROM:<ours>'], 'nothing passes a recipient that is being looked up')
  const [first = -1, second = -1] = machine.asked
  machine.give({ type: 'screened', number: second, found: refusal })
  t.same([machine.sent.length, machine.said], [1, []])
  machine.give({ type: 'screened', number: first, found: null })
  t.same(machine.sent, ['MAIL FROM:<ours>', 'RCPT TO:<c@d>', 'DATA'])
  machine.reply(250)
  t.same(machine.codes(), ['250'])
  machine.reply(251, 354)
  t.same(machine.codes(), ['250', '251', '550', '252', '354'])
  t.equal(machine.state.input, 'body')
})

t.test('a DATA whose recipients were all turned away here never goes upstream', async t => {
  for (const [name, found, data] of [
    ['blacklisted', refusal, '554'],
    ['store down', 'unavailable', '451'],
  ] as const) {
    for (const pipelined of [true, false]) {
      const machine = new Machine().hello(...(pipelined ? ['PIPELINING'] : []))
      machine.lines('MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA')
      for (const number of machine.asked.splice(0)) machine.give({ type: 'screened', number, found })
      machine.reply(250)
      t.same(machine.sent, ['MAIL FROM:<ours>'], `${name}, pipelining ${pipelined}`)
      t.equal(machine.codes().at(-1), data, name)
    }
  }
  const theirs = new Machine().hello('PIPELINING').lines('MAIL FROM:<a@b>', 'RCPT TO:<c@d>').screen().reply(250, 550).lines('DATA')
  t.equal(theirs.sent.at(-1), 'DATA', "upstream's own 554 is what the CRM gets")
})

t.test('where a mail is to reach everybody or nobody, DATA is refused and names who is blacklisted', async t => {
  const refuseData = { first: 'Sent to nobody; blacklisted: {count}', more: 'and {count} more' }
  for (const keywords of [['PIPELINING'], []]) {
    const machine = new Machine({ refuseData }).hello(...keywords).lines('MAIL FROM:<a@b>')
    if (keywords.length === 0) machine.reply(250)
    machine.lines('RCPT TO:<c@d>', 'RCPT TO:<e@f>', 'RCPT TO:<g@h>')
    const [, second = -1] = machine.asked
    machine.screen(second)
    for (let replies = keywords.length === 0 ? 2 : 3; replies > 0; replies--) machine.reply(250)
    machine.lines('DATA')
    t.same(machine.sent, ['MAIL FROM:<ours>', 'RCPT TO:<c@d>', 'RCPT TO:<g@h>'], 'neither the recipient nor DATA goes upstream')
    t.same(
      machine.said.slice(0, 4).map(said => said.slice(0, 3)),
      ['250', '250', '250', '250'],
    )
    t.equal(machine.said[4], '554-5.1.1 Sent to nobody; blacklisted: 1\r\n554 5.1.1 blacklisted')
    t.equal(machine.lines('DATA').said[5], machine.said[4], 'however often it is asked')
    machine.lines('RSET').reply(250)
    t.match(machine.other, [
      { type: 'journal', result: 'refused', transaction: { recipients: [{ verdict: 'relayed' }, { verdict: 'blacklisted' }, {}] } },
    ])
    t.match(machine.other, [{ transaction: { recipients: [{}, { reply: { code: 550, text: ['blacklisted'] } }, {}] } }])
    t.equal(
      machine.lines('MAIL FROM:<a@b>').reply(250).lines('RCPT TO:<c@d>').screen().reply(250).lines('DATA').sent.at(-1),
      'DATA',
      'the next one passes',
    )
  }
  const many = new Machine({ refuseData: { first: '{count} of them', more: 'and {count} more' } })
    .hello('PIPELINING')
    .lines('MAIL FROM:<a@b>')
    .reply(250)
  for (let n = 0; n < 30; n++) {
    many.lines(`RCPT TO:<c${n}@d>`)
    for (const number of many.asked.splice(0))
      many.give({ type: 'screened', number, found: speak(reply(550, '5.1.1', `<c${n}@d> is blacklisted`)) })
  }
  const lines = many.lines('DATA').said.at(-1)?.split('\r\n') ?? []
  t.equal(lines.length, 22)
  t.same([lines[0], lines[1], lines[21]], ['554-5.1.1 30 of them', '554-5.1.1 <c0@d> is blacklisted', '554 5.1.1 and 10 more'])
})

t.test('a message: its result, its record, and what is concluded before the reply', async t => {
  const open = () => new Machine().hello('PIPELINING').lines('MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'RCPT TO:<e@f>').screen()
  for (const [rcpt, final, result, waits] of [
    [250, 250, 'accepted', false],
    [450, 451, 'deferred', false],
    [550, 554, 'refused', true],
    [550, 250, 'accepted', true],
  ] as const) {
    const machine = open().reply(250, 250, rcpt).lines('DATA').reply(354).give({ type: 'message-sent' }).reply(final)
    t.match(machine.other.at(-1), { type: 'settle', result, await: waits, reply: { code: final } })
    t.equal(machine.codes().at(-1) === String(final) && machine.codes().length === 5, !waits)
    machine.give({ type: 'concluded' })
    t.equal(machine.codes().length, 5)
  }
  const cut = open().reply(250, 250, 250).lines('DATA').reply(354).give({ type: 'client-left' })
  t.match(cut.other.slice(-3), [{ type: 'settle', result: 'aborted' }, { type: 'drop-upstream', idle: false }, { type: 'close' }])
  const unmailed = open().reply(250, 250, 550).lines('RSET').reply(250)
  t.match(unmailed.other, [{ type: 'journal', result: 'aborted', await: true }])
  t.equal(unmailed.codes().length, 3, 'the RSET waits for the judgement')
  t.equal(unmailed.give({ type: 'concluded' }).codes().length, 4)
})

t.test('STARTTLS begins anew', async t => {
  const machine = new Machine().hello().lines('MAIL FROM:<a@b>').reply(250).lines('STARTTLS')
  t.same(machine.types(), ['drop-upstream', 'start-tls'])
  t.notOk(takesLines(machine.state))
  machine.give({ type: 'secured' }, { type: 'ready', facts })
  t.same([machine.types().at(-1), machine.state.transaction, machine.state.greeted], ['open-upstream', null, false])
  t.equal(machine.lines('MAIL FROM:<a@b>').codes().at(-1), '503')
})

t.test('every event in every state gives a state: no reply twice, none out of turn, nothing refused goes on', async () => {
  const line = fc.constantFrom(
    'EHLO x',
    'HELO x',
    'MAIL FROM:<a@b>',
    'RCPT TO:<c@d>',
    'RCPT TO:<e@f>',
    'DATA',
    'RSET',
    'NOOP',
    'QUIT',
    'VRFY x',
    'WHAT',
    'AUTH PLAIN',
    'STARTTLS',
  )
  const happening = fc.oneof(
    { weight: 12, arbitrary: line.map(text => ({ kind: 'line' as const, text })) },
    { weight: 8, arbitrary: fc.constantFrom(250, 250, 250, 354, 334, 235, 451, 550, 421).map(code => ({ kind: 'reply' as const, code })) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('screen' as const), refuse: fc.boolean(), last: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('sent', 'failed', 'concluded', 'secured')
        .map(kind => ({ kind: kind as 'sent' | 'failed' | 'concluded' | 'secured' })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('ready', 'lost', 'retry', 'end', 'left', 'stop')
        .map(kind => ({ kind: kind as 'ready' | 'lost' | 'retry' | 'end' | 'left' | 'stop' })),
    },
  )
  const runs = Number(process.env.FUZZ_RUNS ?? 2000)
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), fc.boolean(), fc.boolean(), (happenings, pipelining, wholeMessage) => {
      const machine = new Machine(wholeMessage ? { refuseData: { first: 'Nobody: {count}', more: '{count} more' } } : {})
      const refused = new Set<number>()
      let [taken, owed] = [0, 0]
      let over = false
      if (pipelining) machine.hello('PIPELINING', 'AUTH PLAIN')
      for (const one of happenings) {
        const said = machine.said.length
        const input = machine.state.input
        switch (one.kind) {
          case 'line':
            if (!takesLines(machine.state)) continue
            taken++
            if (input === 'auth') machine.give({ type: 'auth-line', line: 'eA==' })
            else machine.lines(one.text)
            break
          case 'reply':
            machine.reply(one.code)
            break
          case 'screen': {
            const number = one.last ? machine.asked.pop() : machine.asked.shift()
            if (number === undefined) continue
            if (one.refuse) refused.add(number)
            machine.give({ type: 'screened', number, found: one.refuse ? refusal : null })
            break
          }
          case 'sent':
            // A message ends once, and only while it is under way.
            if (input !== 'body' || machine.state.upstream !== 'ready') continue
            taken++
            machine.give({ type: 'message-sent' })
            break
          case 'failed':
            if (input !== 'body') continue
            taken++
            machine.give({ type: 'message-failed', answer: says(451), close: false })
            break
          case 'secured':
            if (machine.other.at(-1)?.type !== 'start-tls') continue
            machine.give({ type: 'secured' })
            break
          case 'concluded':
            machine.give({ type: 'concluded' })
            break
          case 'ready':
            if (machine.state.upstream === 'opening') machine.give({ type: 'ready', facts })
            break
          case 'lost':
          case 'retry':
            machine.give({ type: 'lost', farewell: ourReplies.upstreamLost, retry: one.kind === 'retry' })
            break
          case 'end':
            machine.give({ type: 'end', farewell: ourReplies.idle })
            break
          case 'left':
            machine.give({ type: 'client-left' })
            break
          case 'stop':
            machine.give({ type: 'stop' })
        }
        owed = machine.state.slots.length
        // One reply per command: what was taken is answered, or owed, except that one farewell may stand for all that is left.
        const answered = machine.said.length
        if (machine.state.input !== 'over' && !machine.state.closing && answered + owed !== taken) return false
        if (answered > taken + 1 || owed > maxSlots + 1) return false
        if (over && machine.said.length !== said) return false
        over = machine.state.input === 'over'
        if (machine.state.slots.some(({ at, number }) => at === 'sent' && refused.has(number))) return false
        // What is sent is a prefix: nothing passes a slot that is not decided.
        const undecided = machine.state.slots.findIndex(({ at }) => at === 'screening' || at === 'queued' || at === 'checking')
        if (undecided !== -1 && machine.state.slots.slice(undecided).some(({ at }) => at === 'sent')) return false
        if (!machine.state.pipelining && machine.state.slots.filter(({ at }) => at === 'sent').length > 1) return false
      }
      return true
    }),
    { numRuns: runs },
  )
})
