/**
 * Rebond before a real Postfix: `npm run test:peers`, as root, with Debian's postfix.
 */
import { spawnSync } from 'node:child_process'
import { chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import t, { type Test } from 'tap'
import { type Dialogue, difference, type Manner, manners, play, type Turn } from '../support/dialogue.ts'
import { dialogues, maxDialogueOctets } from '../support/dialogues.ts'
import { type Address, runRebond } from '../support/program.ts'
import { relayUnderTest } from '../support/relay-under-test.ts'
import { smtpClient } from '../support/smtp-client.ts'
import { until } from '../support/until.ts'
import { type Arrival, arrivals } from './arrivals.ts'
import { clientRecipients, clients, missing, smtpSource } from './clients.ts'
import { type Neighbourhood, openNeighbourhood } from './neighbourhood.ts'
import { type Postfix, type PostfixOptions, postfixMissing, startPostfix } from './postfix.ts'
import { remoteFates, returnsAreJudged } from './returns.ts'

const skip = postfixMissing() ?? false
if (skip) console.error(skip)

const fates = [
  ['nobody', '550 5.1.1 No such user here'],
  ['full', '452 4.2.2 Mailbox full'],
  ['later', '451 4.7.1 Greylisted'],
  ['moved', '551 5.1.6 User not local'],
]
  .map(([name, reply]) => `{${name}@example.com = ${reply}}`)
  // An address without a domain is refused, as rebond does; without this Postfix puts its own domain there.
  .concat('{jean@peer.test = 501 5.1.3 A domain must follow}')
  .join(', ')

/** Postfix with users of its own in local.test (checked at RCPT) and late.test (checked at delivery); all else goes to the next hop. */
async function start(t: Test, { program, nextHop, port, closedPort }: Neighbourhood, main: PostfixOptions['main'] = {}): Promise<Postfix> {
  const postfix = await startPostfix(t, {
    port,
    main: {
      virtual_mailbox_domains: 'local.test',
      virtual_mailbox_maps: 'inline:{ {jean@local.test = jean}, {heavy@local.test = heavy} }',
      virtual_mailbox_base: '$data_directory/../mail',
      virtual_uid_maps: `static:${numberOf('-u')}`,
      virtual_gid_maps: `static:${numberOf('-g')}`,
      virtual_mailbox_limit: String(maxDialogueOctets),
      message_size_limit: String(maxDialogueOctets),
      // What the dialogues want of a server.
      strict_rfc821_envelopes: 'yes',
      smtpd_recipient_restrictions: `check_recipient_access inline:{ ${fates} }, permit_mynetworks, reject`,
      mydestination: 'late.test',
      local_recipient_maps: '',
      mailbox_size_limit: '0',
      default_transport: `smtp:[mx.remote.test]:${nextHop.port}`,
      transport_maps: `inline:{ {closed.test = smtp:[mx.closed.test]:${closedPort}}, {nodomain.test = smtp:}, {bounces.crm.test = smtp:[bounces.crm.test]:${program.bounce.port}} }`,
      ...main,
    },
  })
  return postfix
}

/** The user that Postfix runs as: `-u` its number, `-g` that of its group. */
function numberOf(what: '-u' | '-g'): string {
  return spawnSync('id', [what, 'postfix']).stdout.toString().trim()
}

t.test('Postfix returns mail, and each return is judged by its cause', { skip }, async t => {
  const around = await openNeighbourhood(t)
  const postfix = await start(t, around)
  const mailbox = join(postfix.directory, 'mail/heavy')
  await writeFile(mailbox, 'x'.repeat(maxDialogueOctets - 10))
  await chown(mailbox, Number(numberOf('-u')), Number(numberOf('-g')))
  await returnsAreJudged(t, around.program, 'postfix', [
    { address: 'ghost@local.test', category: 'invalid_address', blacklisted: true, source: 'reply' },
    { address: 'ghost@late.test', category: 'invalid_address', blacklisted: true, source: 'dsn' },
    { address: 'heavy@local.test', category: 'mailbox_full', blacklisted: false, source: 'dsn' },
    ...remoteFates,
  ])
})

t.test('a canary flies through Postfix and comes back, and the doctor sees it', { skip }, async t => {
  const around = await openNeighbourhood(t)
  await start(t, around)
  const { program } = around
  const { status, stdout } = await runRebond(['doctor', '--round-trip', '--json', '--config', program.config, '--url', program.url])
  t.type(status, 'number')
  const { findings } = JSON.parse(stdout) as { findings: { check: string; state: string; said: string }[] }
  t.match(
    findings.filter(({ check }) => check === 'round-trip'),
    [{ state: 'ok', said: /^a mail to canary-[0-9a-f]{16}@bounces\.crm\.test came back through upstream after/ }],
  )
  const metrics = await (await fetch(`${program.url}/metrics`)).text()
  t.match(metrics, /^rebond_canary_last_success_timestamp_seconds 1\d{9}/m)
  const { items } = (await (await fetch(`${program.url}/v1/bounces`)).json()) as { items: unknown[] }
  t.same(items, [], 'nothing of it is kept')
})

t.test('Postfix hands returns over by LMTP; with XFORWARD its own prove themselves, without it nothing does', { skip }, async t => {
  for (const [xforward, proven] of [
    ['yes', true],
    ['no', false],
  ] as const) {
    const listen = [{ host: '127.0.0.1', port: 0, protocol: 'lmtp' }]
    const around = await openNeighbourhood(t, { bounce: { forwardTo: 'none', listen } })
    const { program, closedPort } = around
    const lmtp = `{bounces.crm.test = lmtp:inet:127.0.0.1:${program.bounce.port}}`
    const transports = `inline:{ {closed.test = smtp:[mx.closed.test]:${closedPort}}, {nodomain.test = smtp:}, ${lmtp} }`
    await start(t, around, { transport_maps: transports, lmtp_send_xforward_command: xforward })
    if (proven) await returnsAreJudged(t, program, 'postfix-lmtp', remoteFates)
    const transport = createTransport({ ...program.relay, name: 'crm.test', ignoreTLS: true })
    const to = ['nobody@remote.test', 'jean@remote.test']
    if (proven) await fetch(`${program.url}/v1/addresses/nobody%40remote.test/unblock`, json({ why: 'a test', by: 'a test' }))
    await transport.sendMail({ envelope: { from: 'news@shop.test', to }, subject: 'Two', text: 'Bonjour' })
    transport.close()
    const { items } = await until(
      async () => (await (await fetch(`${program.url}/v1/bounces?address=nobody%40remote.test&limit=1`)).json()) as { items: Item[] },
      ({ items }) => items[0]?.subject === 'Two',
    )
    t.match(items[0], proven ? { counted: true, why: 'blacklisted' } : { counted: false, why: 'origin-unproven' }, `XFORWARD: ${xforward}`)
  }
})

type Item = { readonly subject: string | null }
const json = (body: object) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

t.test('the same dialogues to Postfix and through rebond: the same replies, the same message', { skip }, async t => {
  const around = await openNeighbourhood(t)
  await start(t, around)
  const direct = { host: '127.0.0.1', port: around.port }
  // A relay that judges nothing: a refused recipient is asked for again and again here.
  const { port } = await relayUnderTest(t, { deps: { upstreamAddress: () => direct } })
  const relayed = { host: '127.0.0.1', port }
  const arrived = (name: string, count: number) =>
    until(
      async () => arrivals(around.nextHop).get(name) ?? [],
      found => found.length >= count,
    )
  let plays = 0
  const playTo = async (dialogue: Dialogue, manner: Manner, at: Address) => {
    const name = `play-${plays++}.crm.test`
    const client = await smtpClient(t, at)
    const turns = await play(
      client,
      dialogue.map(said => ({ ...said, line: said.line.replace('CRM', name) })),
      manner,
    )
    client.socket.destroy()
    return { name, turns: turns.map(turn => withoutNames(turn, name)) }
  }
  for (const [what, dialogue] of Object.entries(dialogues).filter(([what]) => !what.startsWith('AUTH'))) {
    await Promise.all(
      manners.map(async manner => {
        const [here, there] = await Promise.all([playTo(dialogue, manner, direct), playTo(dialogue, manner, relayed)])
        // What rebond answers for Postfix: HELP, that it does not know; VRFY, that it looks up; ETRN, that it offers.
        t.equal(difference(here.turns, there.turns, /^(?:HELP|VRFY|ETRN)/), null, `${what}, ${manner}`)
        const accepted = here.turns.filter(({ reply }) => reply.includes('queued as')).length
        const [one, other] = await Promise.all([arrived(here.name, accepted), arrived(there.name, accepted)])
        t.same(text(other), text(one), `${what}, ${manner}: ${accepted} stored`)
      }),
    )
  }
})

function withoutNames({ said, reply }: Turn, name: string): Turn {
  return { said: said.replace(name, 'CRM'), reply: reply.replace(/queued as \w+/, 'queued as ID') }
}

const text = (arrivals: readonly Arrival[]) => arrivals.map(arrival => JSON.stringify(arrival)).sort()

t.test('clients that nobody here wrote', { skip }, async t => {
  const around = await openNeighbourhood(t)
  await start(t, around)
  const direct = { host: '127.0.0.1', port: around.port }
  const arrived = (name: string, count: number) =>
    until(
      async () => arrivals(around.nextHop).get(name) ?? [],
      found => found.length >= count,
    )
  for (const { name, missing, send } of clients) {
    await t.test(name, { skip: missing ?? false }, async t => {
      const hello = `${name.replace(/\W/g, '').toLowerCase()}.crm.test`
      const [here, there] = [await send(direct, `direct.${hello}`), await send(around.program.relay, `relayed.${hello}`)]
      t.ok(
        here.some(line => line.startsWith('451 4.7.1')),
        'one recipient is deferred',
      )
      t.same(comparable(there), comparable(here), 'the same replies')
      const [one] = await arrived(`direct.${hello}`, 1)
      t.same(await arrived(`relayed.${hello}`, 1), [one], 'the same message')
      t.same(one?.to, clientRecipients.filter(recipient => !recipient.startsWith('later')).sort())
    })
  }
  await t.test('smtp-source: many at once', { skip: missing('smtp-source') ?? false }, async t => {
    for (const options of [
      ['-s', '5', '-m', '100', '-r', '3'],
      ['-d', '-s', '5', '-m', '50', '-l', '15000'],
    ]) {
      const hello = `source${options.join('')}.crm.test`
      t.equal(await smtpSource(around.program.relay, hello, options), 0, options.join(' '))
      const count = Number(options[options.indexOf('-m') + 1])
      const all = await arrived(hello, count)
      t.equal(all.length, count, `${count} messages arrived once each`)
      const recipients = options.includes('-r') ? 3 : 1
      t.ok(all.every(({ to }) => to.length === recipients))
    }
  })
})

/** The lines of replies without what may differ: the greeting, the first line of EHLO's, keywords that are not offered, queue ids. */
function comparable(lines: readonly string[]): string[] {
  return lines
    .filter(line => !/^220|^250-(?:relay\.crm\.test|mail\.peer\.test)$|^250[- ](?:VRFY|ETRN|CHUNKING)/.test(line))
    .map(line => line.replace(/^250-/, '250 ').replace(/queued as \w+/, 'queued as ID'))
}
