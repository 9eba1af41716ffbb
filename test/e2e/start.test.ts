/**
 * What an operator reads when something is in the way: one clear sentence, exit 1 or 2, and nothing lost.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { plainNode, runHere, runRebond, startProgram, temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'

t.test('help and wrong usage', async t => {
  t.match(await runRebond(['--help']), { status: 0, stdout: /serve.*\n.*check-config/ })
  t.match(await runHere([]), { status: 2, stderr: /usage: rebond COMMAND/ })
  t.match(await runRebond(['serv']), { status: 2, stderr: /there is no command "serv"/ })
  t.match(await runHere(['serve']), { status: 2, stderr: /--config FILE must be given/ })
  t.match(await runHere(['serve', '--conf', 'x']), { status: 2, stderr: /--conf/ })
  for (const command of ['serve', 'check-config', 'address', 'classify', 'classify-reply', 'token']) {
    t.match(await runHere([command, '--help']), { status: 0, stdout: new RegExp(`usage: rebond ${command}`), stderr: '' }, command)
  }
  t.match(await runHere(['--version']), { status: 0, stdout: /^rebond \d+\.\d+\.\d+\n$/ })
})

t.test('check-config and serve list every problem of the configuration', async (t: Test) => {
  const file = join(await temporaryDirectory(t), 'c.yaml')
  await writeFile(file, 'relay: { listn: [] }\nlog: { level: loud }\n')
  const problems = new RegExp(`^${file}: log\\.level: must be trace \\| debug .*, not loud\n|^${file}: relay\\.listn: must be a key`, 'm')
  const checked = await runHere(['check-config', '--config', file])
  t.match(checked, { status: 1, stdout: problems, stderr: '' })
  t.equal(checked.stdout.split('\n').length, 3, 'one problem a line')
  t.match(await runHere(['serve', '--config', file]), { status: 1, stdout: '', stderr: problems })
  await writeFile(file, '')
  t.match(await runHere(['check-config', '--config', file]), { status: 0, stdout: `${file}: ok\n` })
  for (const shipped of ['default.yaml', 'example.yaml']) {
    t.match(await runHere(['check-config', '--config', join('config', shipped)]), { status: 0 }, shipped)
  }
})

t.test('certificates, keys and secrets: check-config and serve name the key whose file is not what it must be', async (t: Test) => {
  const directory = await temporaryDirectory(t)
  const file = join(directory, 'c.yaml')
  const tls = (name: string) => join(process.cwd(), 'test', 'support', 'tls', name)
  await writeFile(join(directory, 'bad'), 'x\ny\n')
  const [cert, key] = [tls('server.pem'), tls('server.key')]
  for (const [yaml, problem] of [
    [
      `relay: { tls: { certFile: nowhere.pem, keyFile: "${key}" } }`,
      /relay\.tls\.certFile: must be a file that can be read, not .*\/nowhere\.pem \(there is no such file\)\n$/,
    ],
    [
      `bounce: { tls: { certFile: bad, keyFile: "${key}" } }`,
      /bounce\.tls\.certFile: must hold a certificate \(PEM\), not what .*bad holds/,
    ],
    [`relay: { tls: { certFile: "${cert}", keyFile: bad } }`, /relay\.tls\.keyFile: must hold a private key/],
    ['upstream: { caFile: bad }', /upstream\.caFile: must hold a certificate/],
    ['upstream: { auth: { user: a, passwordFile: bad } }', /upstream\.auth\.passwordFile: must hold one line, the secret/],
    ['returnPath: { keyFile: bad }', /returnPath\.keyFile: must hold base64 of 32 octets or more/],
    ['returnPath: { previousKeyFiles: [nowhere] }', /returnPath\.previousKeyFiles\[0\]: must be a file that can be read/],
    ['upstream: { auth: { user: a, passwordFile: . } }', /passwordFile: must be a file that can be read, .*directory/],
  ] as const) {
    await writeFile(file, `${yaml}\n`)
    const { status, stdout } = await runHere(['check-config', '--config', file])
    t.equal(status, 1, yaml)
    t.match(stdout, problem)
    t.notMatch(stdout, 'ok')
  }
  t.match(await runHere(['serve', '--config', file]), { status: 1, stdout: '', stderr: /upstream\.auth\.passwordFile: must be a file/ })
  await writeFile(file, 'upstream: { auth: { user: a, passwordFile: /run/credentials/rebond.service/secret_x } }\n')
  t.match(await runHere(['check-config', '--json', '--config', file]), {
    status: 0,
    stdout: /"ok":true,"problems":\[\],"warnings":\[".*: warning: upstream\.auth\.passwordFile: is seen by the running service only/,
  })
})

t.test('a port in use', async (t: Test) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const directory = await temporaryDirectory(t)
  for (const [key, config] of [
    ['relay', `relay: { listen: [{ port: ${port} }] }\nbounce: { listen: [{ port: 0 }] }\nhttp: { listen: { port: 0 } }\n`],
    ['bounce', `relay: { listen: [{ port: 0 }] }\nbounce: { listen: [{ port: ${port} }] }\nhttp: { listen: { port: 0 } }\n`],
    ['http', `relay: { listen: [{ port: 0 }] }\nbounce: { listen: [{ port: 0 }] }\nhttp: { listen: { port: ${port} } }\n`],
  ] as const) {
    const file = join(directory, `${key}.yaml`)
    await writeFile(file, `${config}store: { path: data }\n`)
    const { status, stdout, stderr } = await runHere(['serve', '--config', file])
    t.equal(status, 1, key)
    t.match(stderr, new RegExp(`rebond: 127\\.0\\.0\\.1:${port} .*in use`), key)
    t.equal(stdout, '', `${key}: nothing is said to listen`)
  }
})

t.test('what a running program keeps for itself', async (t: Test) => {
  const program = await startProgram(t)

  await t.test('a store that another process has open, and one that is no directory', async (t: Test) => {
    const second = join(program.directory, 'second.yaml')
    await writeFile(
      second,
      'relay: { listen: [{ port: 0 }] }\nbounce: { listen: [{ port: 0 }] }\nhttp: { listen: { port: 0 } }\nstore: { path: data }\n',
    )
    t.match(await runHere(['serve', '--config', second]), { status: 1, stdout: '', stderr: /data.*(?:open|used|locked).*another process/s })
    t.equal((await fetch(`${program.url}/readyz`)).status, 200, 'the first goes on')
    const file = join(program.directory, 'third.yaml')
    await writeFile(file, 'store: { path: rebond.yaml }\n')
    t.match(await runHere(['serve', '--config', file]), { status: 1, stdout: '', stderr: /rebond\.yaml/ })
  })

  await t.test('the key is made once, readable by its owner only, and a bad one is refused', async (t: Test) => {
    const file = join(program.directory, 'data', 'return-path.key')
    const key = await readFile(file, 'utf8')
    t.equal(Buffer.from(key, 'base64').length, 32)
    t.equal((await stat(file)).mode & 0o777, 0o600)
    t.equal((await stat(join(program.directory, 'data'))).mode & 0o777, 0o700)
    t.notMatch(program.log(), key.trim())
    const shown = await readFile(`/proc/${program.pid}/cmdline`, 'utf8').catch(() => '')
    t.notMatch(`${shown}${await readFile(`/proc/${program.pid}/comm`, 'utf8').catch(() => '')}`, key.trim(), 'nor do process titles')
    await program.end('SIGTERM')
    const again = await startProgram(t, { directory: program.directory })
    t.equal(await readFile(file, 'utf8'), key, 'the next start keeps it')
    await again.end('SIGTERM')
    await writeFile(file, 'short\n')
    t.match(await runHere(['serve', '--config', program.config]), {
      status: 1,
      stderr: /return-path\.key: must hold base64 of 32 octets or more/,
    })
  })
})

t.test('a reader that goes away ends a command without noise, and not the server', async (t: Test) => {
  const mail = join('test', 'golden', 'mail', 'exim.eml')
  for (const args of [['classify', '--ndjson', ...Array<string>(100).fill(mail)], ['classify-reply']]) {
    const child = spawn(...plainNode(['dist/main.js', ...args]), { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.on('error', () => {}) // the command may end before it has read everything
    child.stdin.end('550 5.1.1 User unknown\n'.repeat(10_000))
    child.stdout.destroy()
    const errors: Buffer[] = []
    child.stderr.on('data', piece => errors.push(piece))
    const [status] = await once(child, 'close')
    t.equal(status, 0, args.join(' ').slice(0, 20))
    t.equal(Buffer.concat(errors).toString(), '')
  }
  const directory = await temporaryDirectory(t)
  const config = join(directory, 'c.yaml')
  const free = 'relay: { listen: [{ port: 0 }] }\nbounce: { listen: [{ port: 0 }] }\nhttp: { listen: { port: 0 } }\nstore: { path: data }\n'
  await writeFile(config, free)
  const server = spawn(...plainNode(['dist/main.js', 'serve', '--config', config]), { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => server.kill('SIGKILL'))
  const closed = once(server, 'close')
  server.stdout.destroy()
  let log = ''
  let told = false
  for await (const piece of server.stderr) {
    log += piece
    // Signals count from before the first line of the log on: it stops when it has said where it listens, to nobody.
    if (!told && log.includes('made a key')) told = server.kill('SIGTERM')
  }
  t.equal((await closed)[0], 0)
  t.match(log, /"msg":"stopped"/, 'stopped in order, by the signal and not by the closed pipe')
})

t.test('a signal stops it: a session in flight is told 421, and nothing keeps it alive', async (t: Test) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const program = await startProgram(t, { config: { relay: { timeouts: { stopSeconds: 1 } } } })
    const socket = connect(program.relay.port, program.relay.host)
    let read = ''
    socket.on('data', piece => {
      read += piece
    })
    await once(socket, 'data')
    const ended = once(socket, 'close')
    t.equal(await program.end(signal), 0, signal)
    await ended
    t.match(read, /^220 .*\r\n421 /s, signal)
  }
})

t.test(
  'SIGHUP: HTTP tokens come and go without a restart; a configuration with problems is refused and named, and what ran goes on',
  async (t: Test) => {
    const token = (name: string, text: string) => ({ name, sha256: createHash('sha256').update(text).digest('hex'), scopes: ['read'] })
    const program = await startProgram(t, { config: { http: { tokens: [token('old', 'old-token'), token('both', 'both-token')] } } })
    const status = async (text: string) =>
      (await fetch(`${program.url}/v1/status`, { headers: { authorization: `Bearer ${text}` } })).status
    const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, redirect: 'manual' } as const
    const logIn = async (text: string) => {
      const { headers } = await fetch(`${program.url}/login`, { ...form, body: `token=${text}` })
      return headers.getSetCookie()[0]?.split(';')[0] ?? ''
    }
    const page = async (cookie: string) =>
      (await fetch(program.url, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' })).status
    const config = parse(await readFile(program.config, 'utf8'))
    const reload = async (next: string | object, said: RegExp) => {
      const before = program.log().length
      await writeFile(program.config, typeof next === 'string' ? next : stringify(next))
      process.kill(program.pid, 'SIGHUP')
      return until(
        async () => program.log().slice(before),
        log => said.test(log),
      )
    }
    const [gone, kept] = [await logIn('old-token'), await logIn('both-token')]
    t.same([await status('old-token'), await status('new-token'), await page(gone), await page(kept)], [200, 401, 200, 200])

    const tokens = [token('both', 'both-token'), token('new', 'new-token')]
    const log = await reload({ ...config, http: { ...config.http, tokens } }, /"reloaded certificates/)
    t.match(log, /"tokens":\["both","new"\]/)
    t.same([await status('old-token'), await status('both-token'), await status('new-token')], [401, 200, 200])
    t.same([await page(gone), await page(kept)], [303, 200], 'who logged in with the old token is logged out')

    for (const [what, next, said] of [
      ['no YAML', 'http: [', /reload refused/],
      [
        'a token where its digest belongs',
        { ...config, http: { ...config.http, tokens: [{ ...tokens[0], sha256: 'both-token' }] } },
        /reload refused/,
      ],
      [
        'the same token twice',
        { ...config, http: { ...config.http, tokens: [tokens[0], { ...tokens[0], name: 'x' }] } },
        /must be that of one token only/,
      ],
      [
        'an unknown scope',
        { ...config, http: { ...config.http, tokens: [{ ...tokens[0], scopes: ['all'] }] } },
        /scopes\[0\]: must be read \| unblock/,
      ],
    ] as const) {
      const refused = await reload(next, said)
      t.match(refused, /"level":"error".*what ran goes on/, what)
      t.notMatch(refused, /not both-token/, 'a secret is not repeated')
      t.same([await status('both-token'), await status('new-token'), await page(kept)], [200, 200, 200], what)
    }
    t.match(
      program.log(),
      /http\.tokens\[0\]\.sha256: must be 64 hexadecimal digits \(rebond token new prints them\), not text of 10 characters/,
    )
  },
)
