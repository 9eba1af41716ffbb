/**
 * The program under siege (`npm run test:hostile`): crowds at port 25 from loopback networks of their own, every kind of hostile client at once; and meanwhile a
 * reporter brings returns, a stranger brings one, a CRM sends. All of those get in; what the crowds cost is bounded and printed.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { api, returnFor, sendMail } from '../support/crm.ts'
import { type Address, type Program, startProgram } from '../support/program.ts'
import { scriptedUpstream } from '../support/scripted-upstream.ts'
import { SmtpClient } from '../support/smtp-client.ts'
import { until } from '../support/until.ts'
import { attacks, type Crowd, letLoose, type Toll, withToken } from './attackers.ts'

const reporter = '127.0.0.1'
const mails = 40
const boundMb = 200

const who = (index: number) => `user${index}@example.org`
/** Addresses of one /24. */
const network = (n: number) => (index: number) => `127.${n}.1.${1 + (index % 250)}`
/** Each in a /24 of its own. */
const anywhere = (n: number) => (index: number) => `127.${n}.${1 + (index % 250)}.1`

/** Brings a return as a mail server does: told to come later, it comes again. Gives the milliseconds until it was acknowledged, and what else it was told. */
async function bring(at: Address, from: string, token: string, about: string): Promise<{ ms: number; told: string[] }> {
  const began = performance.now()
  const told: string[] = []
  for (;;) {
    const client = new SmtpClient(connect({ ...at, localAddress: from }))
    let reply = await client.read()
    for (const line of [
      'EHLO mx.example.net',
      'MAIL FROM:<>',
      `RCPT TO:<${token}>`,
      'DATA',
      `${returnFor(about).replaceAll('\n', '\r\n')}.`,
    ])
      if (/^[23]/.test(reply)) reply = await client.ask(line)
    client.socket.destroy()
    if (reply.startsWith('250')) return { ms: performance.now() - began, told }
    if (reply.startsWith('5')) throw new Error(`an honest return was refused for good: ${reply}`)
    told.push(reply)
  }
}

const residentMb = ({ pid }: Program) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
const diskMb = ({ directory }: Program) => Number(execFileSync('du', ['-sk', directory], { encoding: 'utf8' }).split('\t')[0]) / 1024

async function house(t: Test) {
  const upstream = await scriptedUpstream(t)
  const program = await startProgram(t, {
    config: {
      upstream: { host: upstream.host, port: upstream.port },
      returnPath: { domain: 'bounces.shop.example' },
      bounce: { reporters: [`${reporter}/32`], forwardTo: 'none' },
      policy: { surgeGuard: { enabled: false } },
      log: { level: 'warn' },
    },
  })
  for (let index = 0; index < mails; index++)
    t.match(await sendMail(program.relay, 'crm@shop.example', who(index), `Subject: ${index}\r\n\r\nx\r\n`), /^250/)
  const lines = upstream.sessions.flatMap(session => session.lines)
  const tokens = lines.flatMap(line => /^MAIL FROM:<([^>]+)>/.exec(line)?.[1] ?? [])
  t.equal(tokens.length, mails)
  return { program, tokens }
}

t.test('crowds at port 25, and whoever is honest gets in', async t => {
  const { program, tokens } = await house(t)
  const [spent = ''] = tokens.splice(0, 1)
  const own = withToken(spent)
  const crowds: Crowd[] = [
    { name: 'thousands of one network', attack: attacks.silent, from: network(66), atOnce: 1_000, connections: 6_000 },
    ...Object.entries({ ...attacks, ...own }).map(([name, attack], index) => ({
      ...{ name, attack, from: network(70 + index), atOnce: 30, connections: 600 },
    })),
  ]
  const before = { memory: residentMb(program), disk: diskMb(program) }
  let most = before.memory
  let over = false
  const tolls = crowds.map((): Toll => ({ connections: 0, octets: 0, replies: new Map() }))
  const siege = Promise.all(crowds.map((crowd, index) => letLoose(program.bounce, crowd, () => over, tolls[index] as Toll)))
  const took: number[] = []
  const honest = async (from: string, token: string, about: string) => {
    const { ms, told } = await bring(program.bounce, from, token, about)
    took.push(ms)
    if (from === reporter) t.same(told, [], 'a reporter is never put off')
  }
  const alive: boolean[] = []
  for (const [index, token] of tokens.slice(0, 30).entries()) {
    // One in ten comes from a server that nobody knows, of a network that is not among the crowds.
    await honest(index % 10 === 9 ? '127.200.1.1' : reporter, token, who(index + 1))
    t.match(await sendMail(program.relay, 'crm@shop.example', `during${index}@example.org`, 'Subject: x\r\n\r\nx\r\n'), /^250/)
    alive.push((await fetch(`${program.url}/livez`)).ok)
    most = Math.max(most, residentMb(program))
  }
  t.ok(alive.every(Boolean), '/livez answered throughout')

  const everywhere: Toll = { connections: 0, octets: 0, replies: new Map() }
  const many = letLoose(
    program.bounce,
    { name: 'everywhere', attack: attacks.silent, from: anywhere(90), atOnce: 600, connections: 5_000 },
    () => over,
    everywhere,
  )
  await until(
    async () => everywhere.connections,
    count => count >= 600,
  )
  for (const [index, token] of tokens.slice(30).entries()) await honest(reporter, token, who(index + 31))
  t.pass('a crowd from everywhere takes every session of strangers, and a reporter still gets in')
  over = true
  await Promise.all([siege, many])

  await until(
    () => api(program, '/v1/blacklist?limit=500'),
    ({ items }) => (items as unknown[]).length === tokens.length,
  )
  t.pass('every honest return was judged')
  const metrics = await (await fetch(`${program.url}/metrics`)).text()
  const metric = (name: string) => Number(new RegExp(`^rebond_${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? 0)
  const kept = ((await api(program, '/v1/status')).counts as { blacklisted: number }).blacklisted
  t.equal(kept, tokens.length, 'and nothing else blacklists')
  t.ok(metric('reports_rejected_total\\{why="forged"\\}') > 0, 'forged return paths were counted')
  await until(
    async () => /^rebond_sessions\{listener="bounce"\} (\d+)$/m.exec(await (await fetch(`${program.url}/metrics`)).text())?.[1],
    count => count === '0',
  )
  t.pass('no session of theirs is left')
  most = Math.max(most, residentMb(program))
  const grown = { memory: most - before.memory, disk: diskMb(program) - before.disk }
  for (const [index, crowd] of [...crowds, { name: 'everywhere' }].entries()) {
    const { connections, replies } = tolls[index] ?? everywhere
    t.comment(`${crowd.name}: ${connections} connections, ${JSON.stringify(Object.fromEntries(replies))}`)
  }
  took.sort((a, b) => a - b)
  t.comment(`an honest return: p50 ${took[took.length >> 1]?.toFixed(0)} ms, longest ${took.at(-1)?.toFixed(0)} ms`)
  t.comment(
    `memory grew by ${grown.memory.toFixed(0)} MB, disk by ${grown.disk.toFixed(0)} MB, forged ${metric('reports_rejected_total\\{why="forged"\\}')}`,
  )
  t.ok(grown.memory < boundMb, `memory grew by ${grown.memory.toFixed(0)} MB, less than ${boundMb}`)
  t.ok(grown.disk < 60, `disk grew by ${grown.disk.toFixed(0)} MB: eight reports and 20 MB of a token, and what is honest`)
  t.equal(await program.end('SIGTERM'), 0)
})
