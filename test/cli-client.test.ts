/**
 * The commands that talk to the server, against a real one on a free port, and `token new`.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { runAddress } from '../src/cli/address.ts'
import { runRejudge } from '../src/cli/rejudge.ts'
import type { CommandIo } from '../src/cli/run-command.ts'
import { runToken } from '../src/cli/token.ts'
import { parseConfig } from '../src/config/config.ts'
import { bounceId } from '../src/judge/bounce-id.ts'
import { bounceOf, journal, keyOf, openServer, storeBounces, tokens } from './http/fixture.ts'

type Run = (args: readonly string[], io: CommandIo) => Promise<number>

/** Runs a command to its end. */
async function run(command: Run, args: readonly string[], env: Record<string, string> = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const status = await command(args, { stdin: Readable.from([]), stdout, stderr, env })
  stdout.end()
  stderr.end()
  return { status, stdout: await text(stdout), stderr: await text(stderr) }
}

async function listening(t: Test, withTokens: boolean) {
  const fixture = await openServer(t, { withTokens, http: { listen: { port: 0 } } })
  const { host, port } = await fixture.server.listen()
  const directory = await mkdtemp(join(tmpdir(), 'rebond-cli-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = async (name: string, content: string) => {
    await writeFile(join(directory, name), content)
    return join(directory, name)
  }
  return { ...fixture, url: `http://${host}:${port}`, host, port, file }
}

t.test('address: show, unblock, block, as a person reads it', async t => {
  const { store, url } = await listening(t, false)
  const message = await journal(store, ['jean@example.com'], { subject: 'Hello \x1b[31m\u202e' })
  const bounce = bounceOf('jean@example.com', message)
  await storeBounces(store, bounce)
  const address = (...args: string[]) => run(runAddress, [...args, '--url', url])

  const shown = await address('show', 'Jean@Example.com')
  t.equal(shown.status, 0, shown.stderr)
  t.equal(
    shown.stdout,
    [
      'jean@example.com: blacklisted since 2026-11-24T08:30:00.000Z, until somebody lifts it',
      '  Invalid address (hard, fault: recipient), rule rfc3463-x.1.1',
      '  "550 5.1.1 User unknown"',
      `  return ${bounce.id}, mail ${message.id}`,
      '  returns so far: 1 hard, 0 soft, 0 not counted',
      '  2026-11-24T08:30:00.000Z  hard  invalid_address  blacklisted  Hello  [31m ',
      'lift it: rebond address unblock jean@example.com --why "…"',
      '',
    ].join('\n'),
  )
  const lifted = await address('unblock', 'jean@example.com', '--why', 'he rang', '--by', 'Marius')
  t.equal(lifted.status, 0, lifted.stderr)
  t.match(lifted.stdout, /^jean@example\.com: unblocked; it was blacklisted since 2026-11-24T08:30:00\.000Z\n/)
  const again = await address('unblock', 'jean@example.com')
  t.same(again, { status: 1, stdout: '', stderr: 'rebond address: jean@example.com is not blacklisted.\n' })
  t.match(
    (await address('show', 'jean@example.com')).stdout,
    /: unknown\n {2}last unblocked 2026-11-24T09:00:00\.000Z by Marius: he rang\n/,
  )
  const blocked = await address('block', '"a/b c"@example.com', '--why', 'asked to', '--until', '2027-01-01')
  t.equal(blocked.status, 0, blocked.stderr)
  t.match(blocked.stdout, /^"a\/b c"@example\.com: blacklisted since .*, until 2027-01-01T00:00:00\.000Z\n {2}by hand: asked to\n/)
  t.match(blocked.stdout, `lift it: rebond address unblock '"a/b c"@example.com'`)
  const late = await address('block', 'a@example.com', '--until', 'tomorrow')
  t.equal(late.status, 1)
  t.match(late.stderr, /until: must be a time of RFC 3339/)
})

t.test('address --json: the answer of the server, also a refusal', async t => {
  const { url } = await listening(t, false)
  const shown = await run(runAddress, ['show', 'jean@example.com', '--json'], { REBOND_URL: url })
  t.match(JSON.parse(shown.stdout), { address: 'jean@example.com', status: 'unknown' })
  const refused = await run(runAddress, ['unblock', 'jean@example.com', '--json'], { REBOND_URL: `${url}/` })
  t.equal(refused.status, 1)
  t.match(JSON.parse(refused.stdout), { type: '/problems#not-blacklisted' })
  t.match(refused.stderr, /is not blacklisted/)
})

t.test('address finds the server and the token where they are named', async t => {
  const { host, port, url, file } = await listening(t, true)
  const config = await file('c.yaml', `http: { listen: { host: "${host}", port: ${port} } }\n`)
  const reader = await file('reader', `${tokens.reader}\n`)
  const show = ['show', 'jean@example.com']
  t.equal((await run(runAddress, [...show, '--config', config, '--token-file', reader])).status, 0)
  t.equal((await run(runAddress, [...show, '-c', config], { REBOND_TOKEN_FILE: reader })).status, 0)
  t.equal((await run(runAddress, [...show, '--url', url], { REBOND_URL: 'http://127.0.0.1:1', REBOND_TOKEN_FILE: reader })).status, 0)

  const none = await run(runAddress, [...show, '--url', url])
  t.equal(none.status, 1)
  t.match(none.stderr, /a token with scope read.*--token-file or REBOND_TOKEN_FILE/)
  const wrong = await run(runAddress, [...show, '--url', url, '--token-file', await file('wrong', 'wrong')])
  t.match(wrong.stderr, /The token is none of those that are configured.*Is it the file of this server\?/)
  const scope = await run(runAddress, ['unblock', 'jean@example.com', '--url', url, '--token-file', reader])
  t.match(scope.stderr, /needs a token with scope unblock; the token reader has read/)
  for (const [args, words] of [
    [['--url', url, '--token-file', '/nothing/here'], /the token file must be readable/],
    [['--url', url, '--token-file', await file('two', 'a b')], /must hold one token and nothing else/],
    [['--url', 'nonsense'], /must be an http or https URL, not nonsense/],
    [['--url', 'ftp://127.0.0.1'], /must be an http or https URL/],
    [['--config', await file('bad.yaml', 'htttp: {}\n')], /bad\.yaml: htttp: must be a key that rebond knows/],
    [['--config', await file('zero.yaml', 'http: { listen: { port: 0 } }\n')], /lets the system choose the port.*--url/],
  ] as const) {
    const answer = await run(runAddress, [...show, ...args])
    t.equal(answer.status, 1, args.join(' '))
    t.match(answer.stderr, words)
    t.equal(answer.stdout, '')
  }
})

t.test('address says why a server does not answer', async t => {
  const other = createServer((_request, reply) => reply.end('<h1>It works!</h1>'))
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const foreign = await run(runAddress, ['show', 'jean@example.com', '--url', `http://127.0.0.1:${port}`])
  t.match(foreign, { status: 1, stderr: /what answers at .* is not rebond/ })
  await new Promise(resolve => other.close(resolve))
  const gone = await run(runAddress, ['show', 'jean@example.com', '--url', `http://127.0.0.1:${port}`])
  t.match(gone, { status: 1, stderr: /cannot be reached: nothing listens there \(is rebond running\?/ })
})

t.test('wrong usage is exit 2 with what is wrong and the help; --help is exit 0', async t => {
  for (const [command, args, words] of [
    [runAddress, [], /say show, unblock or block/],
    [runAddress, ['hide', 'a@example.com'], /not hide/],
    [runAddress, ['toString', 'a@example.com'], /not toString/],
    [runAddress, ['show'], /an address must be given/],
    [runAddress, ['show', 'jean'], /jean is not a mail address/],
    [runAddress, ['show', 'a@example.com', 'b@example.com'], /one address at a time/],
    [runAddress, ['show', 'a@example.com', '--why', 'x'], /--why has no meaning for show/],
    [runAddress, ['unblock', 'a@example.com', '--until', '2027-01-01'], /--until has no meaning for unblock/],
    [runAddress, ['show', 'a@example.com', '--colour'], /Unknown option '--colour'/],
    [runToken, [], /say new/],
    [runToken, ['old', 'x'], /not old/],
    [runToken, ['new'], /a name of 1 to 100 characters/],
    [runToken, ['new', 'x'], /a scope must be given: read, unblock, admin/],
    [runToken, ['new', 'x', '--scope', 'write'], /must be one of read, unblock, admin, ingest, not "write"/],
    [runToken, ['new', 'x', 'y', '--scope', 'read'], /one name/],
  ] as const) {
    const answer = await run(command, args)
    t.equal(answer.status, 2, args.join(' '))
    t.match(answer.stderr, words)
    t.match(answer.stderr, /usage: rebond/)
    t.equal(answer.stdout, '')
  }
  for (const command of [runAddress, runToken]) {
    const answer = await run(command, ['--help'])
    t.match(answer, { status: 0, stdout: /^usage: rebond/, stderr: '' })
    for (const line of answer.stdout.split('\n')) t.ok(line.length <= 100, line)
  }
})

t.test('token new: 256 bits, never twice, and a line that the configuration takes', async t => {
  const made = await run(runToken, ['new', 'the "support" team: fr', '--scope', 'unblock,read', '--scope', 'read'])
  t.equal(made.status, 0)
  const [token = '', line = ''] = made.stdout.split('\n')
  t.equal(Buffer.from(token, 'base64url').length, 32)
  const { parse } = await import('yaml')
  const parsed = parseConfig(parse(`http:\n  tokens:\n    ${line}\n`))
  t.match(parsed, {
    ok: true,
    config: {
      http: {
        tokens: [{ name: 'the "support" team: fr', sha256: createHash('sha256').update(token).digest('hex'), scopes: ['read', 'unblock'] }],
      },
    },
  })
  const json = JSON.parse((await run(runToken, ['new', 'x', '--scope', 'admin', '--json'])).stdout)
  t.match(json, { name: 'x', sha256: createHash('sha256').update(json.token).digest('hex'), scopes: ['admin'] })
  t.not(json.token, token)
})

t.test('rejudge: what would change, then the change, page by page', async t => {
  const { store, url } = await listening(t, false)
  const message = await journal(store, ['jean@example.com'], { verdict: 'refused' })
  const id = bounceId(message.id, keyOf('jean@example.com'), 'failed')
  const old = { id, source: 'reply', rule: 'of-an-older-version', type: 'soft', counted: false, why: 'soft' } as const
  await storeBounces(store, bounceOf('jean@example.com', message, old))
  const rejudge = (...args: string[]) => run(runRejudge, [...args, '--url', url])
  const dry = await rejudge('--dry-run')
  t.equal(dry.status, 0, dry.stderr)
  t.match(dry.stdout, /^jean@example\.com: soft invalid_address \(of-an-older-version, soft\) -> .*\n1 returns: 1 would change \(/)
  t.match(JSON.parse((await rejudge('--dry-run', '--json')).stdout.split('\n')[1] ?? ''), {
    summary: { dryRun: true, counts: { changed: 1 } },
  })
  t.match((await rejudge('--why', 'new rules')).stdout, /1 returns: 1 changed \(/)
  t.match((await rejudge()).stdout, /^1 returns: 0 changed .*1 stay as they are\n$/)
  const wrong = await rejudge('--since', 'yesterday')
  t.equal(wrong.status, 1)
  t.match(wrong.stderr, /must be a time of RFC 3339/)
})
