/**
 * Socket activation (sd_listen_fds(3)): what the environment says, and the built program on sockets that others opened.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { parseInheritedSockets } from '../../src/config/inherited-sockets.ts'
import { freePort } from '../peers/free-port.ts'
import { plainNode, temporaryDirectory } from '../support/program.ts'
import { smtpClient } from '../support/smtp-client.ts'

const main = join(process.cwd(), 'dist', 'main.js')

t.test('sockets go by their names, and else by their order', async t => {
  const one = { host: '127.0.0.1', port: 0, tls: 'none', protocol: 'smtp' } as const
  const config = { relay: { listen: [one, one] }, bounce: { listen: [one] } }
  const own = { LISTEN_PID: '7' }
  for (const [name, env, relay, bounce] of [
    ['none', {}, [], []],
    ['for another process', { LISTEN_PID: '8', LISTEN_FDS: '1' }, [], []],
    ['for nobody', { LISTEN_FDS: '1' }, [], []],
    ['zero', { ...own, LISTEN_FDS: '0' }, [undefined, undefined], [undefined]],
    ['in order', { ...own, LISTEN_FDS: '3' }, [3, 4], [5]],
    ['fewer', { ...own, LISTEN_FDS: '1' }, [3, undefined], [undefined]],
    ['by the unit’s name', { ...own, LISTEN_FDS: '3', LISTEN_FDNAMES: 'rebond.socket:rebond.socket:rebond.socket' }, [3, 4], [5]],
    ['by name', { ...own, LISTEN_FDS: '3', LISTEN_FDNAMES: 'bounce:relay:relay' }, [4, 5], [3]],
    ['one by name', { ...own, LISTEN_FDS: '2', LISTEN_FDNAMES: 'bounce:x' }, [4, undefined], [3]],
    ['only the bounce listener', { ...own, LISTEN_FDS: '1', LISTEN_FDNAMES: 'bounce' }, [undefined, undefined], [3]],
  ] as const) {
    t.same(parseInheritedSockets(env, 7, config), { ok: true, sockets: { relay, bounce } }, name)
  }
  for (const [env, why] of [
    [{ LISTEN_FDS: '4' }, '4 sockets were passed, more than relay.listen and bounce.listen have'],
    [{ LISTEN_FDS: '2', LISTEN_FDNAMES: 'bounce:bounce' }, '2 sockets named bounce were passed, but bounce.listen has 1'],
    [{ LISTEN_FDS: 'many' }, 'LISTEN_FDS: must be a number of sockets, not many'],
    [{ LISTEN_FDS: '-1' }, 'LISTEN_FDS: must be a number of sockets, not -1'],
  ] as const) {
    t.same(parseInheritedSockets({ ...own, ...env }, 7, config), { ok: false, why })
  }
})

t.test('the program takes sockets over, and a connection that waited in one is served', async t => {
  const [relay, bounce] = [await listening(), await listening()]
  const child = await program(t, 'relay:bounce', [relay.server, bounce.server])
  const early = await smtpClient(t, relay)
  t.same(await readyLines(child), [`relay 127.0.0.1:${relay.port}`, `bounce 127.0.0.1:${bounce.port}`])
  t.match(await early.read(), /^220 here\.test ESMTP /, 'it came before the program')
  t.match(await (await smtpClient(t, bounce)).read(), /^220 here\.test /)
  child.kill('SIGTERM')
  t.same(await once(child, 'close'), [0, null])
})

t.test('more sockets than listeners: one clear sentence, and no start', async t => {
  const [one, two] = [await listening(), await listening()]
  const child = await program(t, 'relay:relay', [one.server, two.server])
  let words = ''
  child.stderr?.on('data', piece => {
    words += piece
  })
  t.same(await once(child, 'close'), [1, null])
  t.equal(words, 'rebond: 2 sockets named relay were passed, but relay.listen has 1\n')
})

const missing = spawnSync('systemd-socket-activate', ['--version']).error ? 'systemd-socket-activate is not installed' : false
t.test('systemd passes them so', { skip: missing }, async t => {
  const [relay, bounce] = [await freePort(), await freePort()]
  const file = await configFile(t)
  const child = spawn(
    'systemd-socket-activate',
    [
      '-l',
      `127.0.0.1:${bounce}`,
      '-l',
      `127.0.0.1:${relay}`,
      '--fdname=bounce:relay',
      ...plainNode([main, 'serve', '--config', file]).flat(),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  t.teardown(() => child.kill('SIGKILL'))
  // It starts the program at the first connection.
  const words = createInterface({ input: child.stderr })
  for await (const line of words) if (line.includes(`Listening on 127.0.0.1:${relay}`)) break
  const crm = await smtpClient(t, { port: relay })
  t.same(await readyLines(child), [`relay 127.0.0.1:${relay}`, `bounce 127.0.0.1:${bounce}`])
  t.match(await crm.read(), /^220 here\.test ESMTP /)
  t.match(await (await smtpClient(t, { port: bounce })).read(), /^220 /)
  child.kill('SIGTERM')
  t.same(await once(child, 'close'), [0, null])
})

/** A socket that listens. */
async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  return { server, port: (server.address() as { port: number }).port }
}

/** Starts the program on these sockets, which are then its alone. The shell knows the number of the process that it becomes. */
async function program(t: Test, names: string, servers: readonly Server[]): Promise<ChildProcess> {
  const file = await configFile(t)
  const child = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...plainNode([main, 'serve', '--config', file]).flat()], {
    stdio: ['ignore', 'pipe', 'pipe', ...servers.map(descriptorOf)],
    env: { ...process.env, LISTEN_FDS: String(servers.length), LISTEN_FDNAMES: names },
  })
  t.teardown(() => child.kill('SIGKILL'))
  for (const server of servers) server.close()
  return child
}

/** Node has no public name for it. */
function descriptorOf(server: Server): number {
  const { _handle: handle } = server as unknown as { _handle: { fd: number } }
  return handle.fd
}

async function configFile(t: Test): Promise<string> {
  const file = join(await temporaryDirectory(t), 'rebond.yaml')
  const elsewhere = '{ listen: [{ host: 127.0.0.2, port: 0 }] }'
  const rest = 'http: { listen: { port: 0 } }\nstore: { path: data }\nlog: { level: fatal }\n'
  await writeFile(file, `hostname: here.test\nrelay: ${elsewhere}\nbounce: ${elsewhere}\n${rest}`)
  return file
}

/** Where it says that it listens for mail, once it is ready. */
async function readyLines({ stdout }: ChildProcess): Promise<string[]> {
  const lines: string[] = []
  if (stdout)
    for await (const line of createInterface({ input: stdout })) {
      if (line === 'ready') return lines
      if (!line.startsWith('listening http')) lines.push(line.replace('listening ', ''))
    }
  throw new Error(`it ended before it was ready: ${lines.join()}`)
}
