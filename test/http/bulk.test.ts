/**
 * The blacklist in bulk: import, export, check; over HTTP, and by the commands that use it.
 */
import { connect } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { runExport } from '../../src/cli/export.ts'
import { runImport } from '../../src/cli/import.ts'
import { parseConfig } from '../../src/config/config.ts'
import { unblock } from '../../src/judge/by-hand.ts'
import type { Store } from '../../src/store/store.ts'
import { StoreUnavailable } from '../../src/store/store-unavailable.ts'
import { bounceOf, checkedClient, type Fixture, hour, journal, keyOf, now, openServer, storeBounces, tokens } from './fixture.ts'

const csv = { 'content-type': 'text/csv' }
const page = { limit: 500, cursor: null }

/** Imports a list; gives the answer's lines. */
async function imported({ server }: Pick<Fixture, 'server'>, payload: string, query = '', headers: Record<string, string> = csv) {
  const answer = await server.inject({ method: 'POST', url: `/v1/blacklist/import${query}`, headers, payload })
  t.equal(answer.statusCode, 200, answer.body)
  return answer.body
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

t.test('every line is told what became of it, and a second time nothing changes', async t => {
  const parsed = parseConfig({ policy: { never: ['vip.example'] } })
  if (!parsed.ok) throw new Error('the policy must be right')
  const fixture = await openServer(t, { policy: parsed.config.policy })
  const { store } = fixture
  await storeBounces(store, bounceOf('known@x.example', null))
  await storeBounces(store, bounceOf('lifted@x.example', null))
  await unblock(store, { key: keyOf('lifted@x.example'), why: 'rang', by: 'Marius', now })
  const list = [
    'address,since,until,category,evidence',
    'New@x.example,2026-01-02T03:04:05Z,,invalid_address,550 no such user',
    'known@x.example,,,invalid_address,',
    'lifted@x.example,2026-01-01,,invalid_address,',
    'over@x.example,,2026-01-01,manual,',
    'boss@vip.example,,,manual,',
    'nobody,,,manual,',
    'new@x.example,,,manual,again',
    '',
  ].join('\n')
  const expected = [
    { line: 2, address: 'new@x.example', outcome: 'blocked' },
    { line: 3, address: 'known@x.example', outcome: 'already-blocked' },
    { line: 4, address: 'lifted@x.example', outcome: 'unblocked-by-hand' },
    { line: 5, address: 'over@x.example', outcome: 'ended' },
    { line: 6, address: 'boss@vip.example', outcome: 'never-list' },
    { line: 7, address: 'nobody', outcome: 'invalid', why: 'address: must be a mail address' },
    { line: 8, address: 'new@x.example', outcome: 'already-blocked' },
  ]
  const before = (await store.audit({}, page)).items.length
  t.match(await imported(fixture, list, '?dryRun=true'), [...expected, { summary: { dryRun: true, lines: 7, counts: { blocked: 1 } } }])
  t.equal(await store.blacklistedCount(), 1, 'a dry run changes nothing')
  t.equal((await store.audit({}, page)).items.length, before)

  t.match(await imported(fixture, list, '?why=from+the+old+system&by=Marius'), [
    ...expected,
    { summary: { list: 'rebond export', dryRun: false } },
  ])
  t.match(await store.address(keyOf('new@x.example')), {
    address: 'New@x.example',
    block: { since: Date.UTC(2026, 0, 2, 3, 4, 5), category: 'invalid_address', type: 'hard', evidence: '550 no such user', by: null },
  })
  const audit = (await store.audit({}, page)).items
  t.equal(audit.length, before + 1, 'one entry an import')
  t.match(audit[0], { op: 'import', actor: 'hand', by: 'Marius', key: null, why: 'from the old system' })
  t.match(await fixture.metrics.registry.metrics(), 'rebond_blacklist_changes_total{op="block",actor="import"} 1')

  t.match((await imported(fixture, list))[0], { outcome: 'already-blocked' })
  t.equal((await store.audit({}, page)).items.length, before + 1, 'nothing changed, nothing is audited')
  t.match((await imported(fixture, list, '?overrideUnblocks=true'))[2], { address: 'lifted@x.example', outcome: 'blocked' })
  t.notMatch(fixture.log.join(''), /@/, 'no address in the log')
})

t.test('complaints and unsubscribes are people who live: blocked only when asked for', async t => {
  const fixture = await openServer(t)
  const list = 'EmailAddress,Reason\na@x.example,BOUNCE\nb@x.example,COMPLAINT\n'
  t.match(await imported(fixture, list), [
    { outcome: 'blocked' },
    { outcome: 'complaint' },
    { summary: { list: 'Amazon SES suppression list' } },
  ])
  t.match(await imported(fixture, list, '?complaints=true'), [{ outcome: 'already-blocked' }, { outcome: 'blocked' }, {}])
  t.match((await fixture.store.address(keyOf('b@x.example')))?.block, {
    category: 'manual',
    evidence: 'COMPLAINT (Amazon SES suppression list)',
  })
  const gone = 'email,created\nc@x.example,1700000000\n'
  t.match((await imported(fixture, gone))[0], { outcome: 'unsubscribed' })
  t.match((await imported(fixture, gone, '?unsubscribes=true'))[0], { outcome: 'blocked' })
})

t.test('what is exported, in either format, makes the same blacklist elsewhere', async t => {
  const fixture = await openServer(t)
  const message = await journal(fixture.store, ['jean@example.com'])
  await storeBounces(fixture.store, bounceOf('jean@example.com', message), bounceOf('=cmd@x.example', null, { evidence: '=1+1 "no"' }))
  await fixture.server.inject({
    method: 'PUT',
    url: '/v1/addresses/+1@x.example/block',
    payload: { why: '-asked', by: '@me', until: '2030-01-01' },
  })
  const state = async (store: Store) => [...(await store.blacklist({}, page)).items].sort((a, b) => (a.address < b.address ? -1 : 1))
  for (const format of ['csv', 'ndjson'] as const) {
    const answer = await fixture.server.inject(`/v1/blacklist/export?format=${format}`)
    t.match(answer.headers['content-type'], format)
    t.equal(answer.headers['content-disposition'], `attachment; filename="blacklist-2026-11-24.${format}"`)
    const other = await openServer(t)
    const type = format === 'csv' ? csv : { 'content-type': 'application/x-ndjson' }
    t.match((await imported(other, answer.body, '', type)).at(-1), { summary: { list: 'rebond export', lines: 3, counts: { blocked: 3 } } })
    t.strictSame(await state(other.store), await state(fixture.store), format)
    if (format === 'csv') t.notMatch(answer.body, /(?:^|[,"])[=+@-]/m, 'no cell begins a formula')
  }
  const some = await fixture.server.inject('/v1/blacklist/export?domain=example.com&category=invalid_address')
  t.equal(some.body.trim().split('\r\n').length, 2)
  t.match((await fixture.server.inject('/v1/blacklist/export?format=xls')).json(), { type: '/problems#invalid-request' })
})

t.test('bodies that are no lists, and callers who may not', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const post = (url: string, headers: Record<string, string>, payload = 'address\na@x.example\n') =>
    fixture.server.inject({ method: 'POST', url, headers: { authorization: `Bearer ${tokens.all}`, ...headers }, payload })
  for (const [name, status] of [
    [tokens.reader, 403],
    [tokens.unblocker, 403],
    [tokens.admin, 200],
  ] as const)
    t.equal((await post('/v1/blacklist/import', { ...csv, authorization: `Bearer ${name}` })).statusCode, status)
  t.equal(
    (await fixture.server.inject({ url: '/v1/blacklist/export', headers: { authorization: `Bearer ${tokens.admin}` } })).statusCode,
    403,
  )
  t.match((await post('/v1/blacklist/import', { 'content-type': 'application/json' }, '{}')).json(), {
    type: '/problems#unsupported-media-type',
    detail: /text\/csv or application\/x-ndjson/,
  })
  t.equal((await post('/v1/addresses/a@x.example/unblock', csv)).statusCode, 415, 'other routes take no lists')
  const strange = await post('/v1/blacklist/import', csv, 'name,phone\nJean,1\n')
  t.equal(strange.statusCode, 400)
  t.match(strange.json(), { type: '/problems#invalid-request', detail: /must name the columns of one of: rebond export, / })
  t.equal((await post('/v1/blacklist/import?dryRun=yes', csv)).statusCode, 400)
  t.match((await post('/v1/blacklist/import', csv, '')).body, '"lines":0')
})

t.test('a store that fails in the middle is told at the end of the answer, and the list can be sent again', async t => {
  const fixture = await openServer(t)
  let units = 0
  const failing = new Proxy(fixture.store, {
    get(target, name, receiver) {
      if (name !== 'update') return Reflect.get(target, name, receiver)
      return (...args: Parameters<Store['update']>) =>
        ++units > 1 ? Promise.reject(new StoreUnavailable('the disk is full')) : target.update(...args)
    },
  })
  const down = await openServer(t, { store: failing })
  const list = `address\n${Array.from({ length: 300 }, (_, index) => `a${index}@x.example`).join('\n')}\n`
  const lines = await imported(down, list)
  t.equal(lines.length, 201, 'the first unit, and the problem')
  t.match(lines.at(-1), { problem: { type: '/problems#store-unavailable' } })
  t.match((await imported(fixture, list)).at(-1), { summary: { counts: { blocked: 100, 'already-blocked': 200 } } })
})

t.test('check answers for up to 1,000 addresses in their order', async t => {
  const fixture = await openServer(t)
  const ask = await checkedClient(t, fixture)
  await storeBounces(fixture.store, bounceOf('jean@example.com', null))
  await journal(fixture.store, ['fine@example.com'], { at: now - 100 * hour })
  const check = (addresses: unknown) => ask({ method: 'POST', url: '/v1/addresses/check', payload: { addresses } })
  const { items } = (await check(['fine@example.com', 'JEAN@example.com', 'nobody', 'new@example.com'])).json()
  t.match(items, [
    { given: 'fine@example.com', status: 'ok', category: null },
    {
      given: 'JEAN@example.com',
      address: 'jean@example.com',
      status: 'blacklisted',
      since: '2026-11-24T08:30:00.000Z',
      category: 'invalid_address',
    },
    { given: 'nobody', address: null, status: null },
    { given: 'new@example.com', status: 'unknown', since: null },
  ])
  const long = `${'a'.repeat(200)}@${'b'.repeat(60)}.${'c'.repeat(55)}.x`
  t.equal((await check(Array.from({ length: 1000 }, () => long))).json().items.length, 1000, 'a body of more than 64 KiB')
  for (const wrong of [[], Array.from({ length: 1001 }, () => 'a@x.example'), 'a@x.example', [1]])
    t.equal((await check(wrong)).statusCode, 400)
})

type Run = typeof runImport

/** Runs a command to its end; what it reads and writes are streams. */
async function run(command: Run, args: readonly string[], stdin: string | Readable = '') {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const written = Promise.all([text(stdout), text(stderr)])
  const status = await command(args, { stdin: typeof stdin === 'string' ? Readable.from([stdin]) : stdin, stdout, stderr, env: {} })
  stdout.end()
  stderr.end()
  const [out, err] = await written
  return { status, stdout: out, stderr: err }
}

async function listening(t: Test): Promise<Fixture & { readonly url: string; readonly port: number }> {
  const fixture = await openServer(t, { http: { listen: { port: 0 } } })
  const { host, port } = await fixture.server.listen()
  return { ...fixture, url: `http://${host}:${port}`, port }
}

t.test('import and export as commands: lines that matter, a summary, an exit status', async t => {
  const { url } = await listening(t)
  const list = 'address\na@x.example\nnobody\nb\x1b[31m@x.example\n'
  const first = await run(runImport, ['-', '--url', url], list)
  t.equal(first.status, 1, 'a line was not understood')
  t.equal(
    first.stdout,
    'line 3: nobody: invalid: must hold a mail address\nline 4: b [31m@x.example: invalid: must hold a mail address\nlist of addresses: 3 lines: 1 blocked, 2 invalid\n',
  )
  const good = await run(runImport, ['-', '--url', url, '--all', '--dry-run'], 'a@x.example\nc@x.example\n')
  t.strictSame(good, {
    status: 0,
    stdout:
      'line 1: a@x.example: already-blocked\nline 2: c@x.example: blocked\nlist of addresses: 2 lines: 1 blocked, 1 already-blocked (dry run: nothing was changed)\n',
    stderr: '',
  })
  const json = await run(runImport, ['-', '--url', url, '--json'], 'a@x.example\n')
  t.match(json.stdout, /^\{"line":1,"address":"a@x\.example","outcome":"already-blocked"\}\n\{"summary":/)

  const exported = await run(runExport, ['--url', url])
  t.match(exported, { status: 0, stderr: '' })
  t.match(exported.stdout, /^address,since,.*\r\na@x\.example,2026-/)
  t.match((await run(runExport, ['--url', url, '--json', '--category', 'manual'])).stdout, /^\{"address":"a@x\.example",/)

  for (const [command, args, status, words] of [
    [runImport, [], 2, /needs a FILE/],
    [runImport, ['a', 'b'], 2, /one file at a time/],
    [runImport, ['-', '--format', 'xls'], 2, /must be csv or ndjson/],
    [runImport, ['/nothing/here', '--url', url], 1, /nothing\/here/],
    [runImport, ['-', '--url', 'http://127.0.0.1:1'], 1, /nothing listens there/],
    [runExport, ['file'], 2, /it takes options only/],
    [runExport, ['--url', url, '--category', 'lazy'], 1, /category: must be one of/],
    [runExport, ['--url', 'http://127.0.0.1:1'], 1, /nothing listens there/],
  ] as const) {
    const answer = await run(command, args)
    t.equal(answer.status, status, args.join(' '))
    t.match(answer.stderr, words)
  }
  t.match(await run(runImport, ['-', '--url', url], 'name,phone\nJean,1\n'), { status: 1, stderr: /must name the columns/ })
})

t.test('both ways are streams: the answer comes while the list is still being sent', async t => {
  const { url, server, store } = await listening(t)
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  let seen = ''
  const answered = new Promise<void>(resolve => {
    stdout.on('data', piece => {
      seen += piece
      if (seen.includes('a1@x.example')) resolve()
    })
  })
  const done = runImport(['-', '--url', url, '--all'], { stdin, stdout, stderr: new PassThrough(), env: {} })
  stdin.write('address\na1@x.example\n')
  await answered
  t.equal(await store.blacklistedCount(), 1, 'durable before it is told')
  stdin.end('a2@x.example\n')
  t.equal(await done, 0)
  t.match(seen + (stdout.read() ?? ''), 'a2@x.example: blocked')

  const cut = new PassThrough()
  const heard = new PassThrough()
  const interrupted = runImport(['-', '--url', url, '--all'], { stdin: cut, stdout: heard, stderr: new PassThrough(), env: {} })
  cut.write('address\na3@x.example\n')
  await new Promise(resolve => heard.once('data', resolve))
  cut.destroy(new Error('the pipe broke'))
  t.equal(await interrupted, 1)
  await server.close()
})

t.test('a sender that leaves in the middle leaves what was done, and no trouble', async t => {
  const { port, server, log, store } = await listening(t)
  const socket = connect(port, '127.0.0.1')
  const heard = new Promise(resolve => socket.once('data', resolve))
  socket.write(
    'POST /v1/blacklist/import HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n14\r\naddress\na@x.example\n\r\n',
  )
  await heard
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.destroy()
  await closed
  await server.close()
  t.equal(await store.blacklistedCount(), 1)
  t.notMatch(log.join(''), /"level":"error"/)
})
