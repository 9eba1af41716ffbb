/**
 * Forwarding under kill -9: the program is killed at each step of a try, and its next start goes on.
 */
import { join } from 'node:path'
import t from 'tap'
import { owe } from '../intake/post-office.ts'
import { startProgram, temporaryDirectory } from '../support/program.ts'
import { scriptedUpstream } from '../support/scripted-upstream.ts'
import { tempStore } from '../support/temp-store.ts'
import { until } from '../support/until.ts'

/** Each costs two starts of the program: `npm test` takes those where most can go wrong, `npm run test:faults` all. */
const steps = process.env.REBOND_FULL_FAULTS
  ? (['connect', 'MAIL', 'DATA', 'body', '.', 'behind the reply'] as const)
  : (['body', 'behind the reply'] as const)

t.test('nothing is lost, and what may be double is counted', async t => {
  /** Where the program is killed; null: nowhere. */
  let step: (typeof steps)[number] | null = null
  let kill = () => {}
  const server = await scriptedUpstream(t, {
    keywords: ['8BITMIME'],
    onConnect: () => void (step === 'connect' && kill()),
    onBody: () => void (step === 'body' && kill()),
    answer(line, { socket }) {
      if (step === null) return undefined
      // The reply is said, and the store is not told any more, unless the program is faster than the signal.
      if (line === '.' && step === 'behind the reply') socket.write('250 2.0.0 Ok\r\n', kill)
      else if (line.startsWith(step)) kill()
      else return undefined
      return null
    },
  })
  const config = {
    upstream: { host: server.host, port: server.port, warmConnections: 0 },
    returnPath: { domain: 'bounces.shop.example' },
  }
  const copiesOf = (raw: string) => server.sessions.flatMap(({ messages }) => messages).filter(mail => mail.endsWith(`\r\n${raw}`)).length

  for (const at of steps) {
    const directory = await temporaryDirectory(t)
    const raw = `a: ${at}\r\n\r\n${'x'.repeat(at === 'body' ? 3_000_000 : 1000)}\r\n`
    const store = await tempStore(t, { path: join(directory, 'data') })
    const id = await owe(store, raw, { receivedAt: Date.now() }, { since: Date.now() })
    await store.close()

    step = at
    const reached = new Promise<void>(resolve => {
      kill = resolve
    })
    const killed = await startProgram(t, { directory, config })
    await reached
    t.equal(await killed.end('SIGKILL'), 'SIGKILL', at)

    step = null
    const before = copiesOf(raw)
    const program = await startProgram(t, { directory, config })
    const owed = async () => ((await (await fetch(`${program.url}/v1/outbox`)).json()) as { items: { id: string }[] }).items
    await until(owed, items => items.length === 0)
    const metrics = await (await fetch(`${program.url}/metrics`)).text()
    const again = /^rebond_forwards_total\{outcome="resent"\} (\d+)$/m.exec(metrics)?.[1] ?? '0'
    if (at !== 'behind the reply') t.equal(again, '1', `${at}: ${id} was sent, and may be there twice`)
    t.equal(copiesOf(raw) - before, Number(again), `${at}: it arrives whole`)
    t.ok(copiesOf(raw) > 0)
    t.equal(await program.end('SIGTERM'), 0)
  }
})
