/**
 * The README's six steps against the built program, through real sockets, with nodemailer as the CRM.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTransport } from 'nodemailer'
import t, { type Test } from 'tap'
import { type Program, runHere, runRebond, startProgram } from '../support/program.ts'
import { unblocked as afterwards, passes, refOf, tourist, tourReason } from '../support/tour.ts'
import { until } from '../support/until.ts'

type Json = { readonly [key: string]: unknown }

async function api(program: Program, path: string, init?: RequestInit): Promise<{ status: number; body: Json }> {
  const answer = await fetch(program.url + path, init)
  return { status: answer.status, body: (await answer.json()) as Json }
}

const post = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** Sends as a CRM does; gives upstream's last reply, or the error it reads. */
async function send(
  program: Program,
  to: string | string[],
  more: object = {},
): Promise<{ ok: boolean; reply: string; rejected: unknown[] }> {
  const transport = createTransport({ ...program.relay, secure: false, ignoreTLS: true })
  try {
    const sent = await transport.sendMail({ from: '"Shop" <news@shop.example>', to, subject: 'Your order', text: 'Hello', ...more })
    return { ok: true, reply: sent.response, rejected: sent.rejected }
  } catch (err) {
    return { ok: false, reply: (err as { response?: string }).response ?? String(err), rejected: [] }
  } finally {
    transport.close()
  }
}

const address = (program: Program, who: string) => api(program, `/v1/addresses/${encodeURIComponent(who)}`)

t.test('the tour: returned, blacklisted, refused with the reason, unblocked, passed', async (t: Test) => {
  const program = await startProgram(t)
  const who = tourist

  const first = await send(program, `"Jean Dupont" <${who}>`)
  t.match(first, { ok: true, reply: passes }, 'the first mail passes')

  const blacklisted = await until(
    () => address(program, who),
    ({ body }) => body.status === 'blacklisted',
  )
  t.match(blacklisted.body, {
    address: who,
    status: 'blacklisted',
    until: null,
    reason: { ...tourReason, bounceId: String },
  })
  const { bounceId, messageId } = blacklisted.body.reason as { bounceId: string; messageId: string }

  const second = await send(program, who)
  t.equal(second.ok, false)
  t.equal(refOf(second.reply), bounceId, 'the refusal names the return it stands on')

  const { body: view } = await api(program, '/v1/bounces?type=hard')
  t.match(view.items, [
    {
      id: bounceId,
      source: 'dsn',
      kind: 'bounce',
      subject: 'Your order',
      from: { name: 'Shop', address: 'news@shop.example' },
      recipient: { name: 'Jean Dupont', address: who },
      addressStatus: 'blacklisted',
      mailStatus: 'failure',
      returnStatus: 'permanent',
      category: 'invalid_address',
      counted: true,
      why: 'blacklisted',
      messageId,
    },
  ])
  const { body: mail } = await api(program, `/v1/messages/${messageId}`)
  t.match(mail, { id: messageId, subject: 'Your order' })
  const raw = await fetch(`${program.url}/v1/bounces/${bounceId}/raw`)
  t.match(await raw.text(), /Content-Type: multipart\/report/i, 'the return is kept as it came')

  const unblocked = await api(program, `/v1/addresses/${who}/unblock`, post({ why: 'called the customer', by: 'support' }))
  t.equal(unblocked.status, 200)
  t.match(await address(program, who), { body: afterwards })
  t.match(await api(program, `/v1/addresses/${who}/unblock`, post({ why: 'again' })), { status: 404, body: { type: /not-blacklisted/ } })

  t.match(await send(program, who), { ok: true, reply: passes }, 'the third mail passes')

  const metrics = await (await fetch(`${program.url}/metrics`)).text()
  t.match(metrics, /rebond_rcpt_total\{verdict="blacklisted"\} 1\n/)
  t.match(metrics, /rebond_messages_total\{outcome="accepted"\} 2\n/)
  t.match(metrics, /rebond_blacklist_changes_total\{op="unblock",actor="hand"\} 1\n/)
  t.notMatch(metrics, /sandbox\.test/, 'no address in the metrics')
  t.notMatch(program.log(), /unknown-late|Jean|Your order/, 'nothing personal in the log')
  t.equal(await program.end('SIGTERM'), 0, 'stops cleanly')
})

t.test('the same by command line', async (t: Test) => {
  const program = await startProgram(t)
  const who = tourist
  const rebond = (...args: string[]) => runHere([...args, '--url', program.url])
  t.match(await send(program, who), { ok: true, reply: passes })
  await until(
    () => address(program, who),
    ({ body }) => body.status === 'blacklisted',
  )
  t.match(await runRebond(['address', 'show', who, '--url', program.url]), { status: 0, stdout: /blacklisted/ }, 'as a process of its own')
  const shown = async () => JSON.parse((await rebond('address', 'show', who, '--json')).stdout)
  const before = await shown()
  t.match(before, { address: who, status: 'blacklisted', reason: tourReason })
  t.equal(refOf((await send(program, who)).reply), before.reason.bounceId)
  t.match(await rebond('address', 'unblock', who, '--why', 'it is back'), { status: 0 })
  t.match(await shown(), afterwards)
  t.match(await rebond('address', 'unblock', who, '--why', 'again'), { status: 1, stderr: /not blacklisted/ })
  t.match(await send(program, who), { ok: true, reply: passes })
  t.match(await rebond('address', 'block', who, '--why', 'asked us to stop'), { status: 0 })
  t.match(await send(program, who), { ok: false, reply: /asked us to stop/ })
})

t.test('every part the sandbox plays is judged as its cause deserves', async (t: Test) => {
  const program = await startProgram(t)
  const expected: Readonly<Record<string, readonly [category: string, status: string]>> = {
    'unknown-late': ['invalid_address', 'blacklisted'],
    'nodomain-late': ['invalid_domain', 'blacklisted'],
    'disabled-late': ['inactive_address', 'blacklisted'],
    'full-late': ['mailbox_full', 'unknown'],
    'noanswer-late': ['no_answer', 'unknown'],
    'spam-late': ['content_rejected', 'unknown'],
  }
  for (const part of Object.keys(expected)) t.ok((await send(program, `${part}+x@sandbox.test`)).ok, part)
  const { body } = await until(
    () => api(program, '/v1/bounces?limit=100'),
    ({ body }) => (body.items as Json[]).length === Object.keys(expected).length,
  )
  for (const item of body.items as { recipient: { address: string }; category: string }[]) {
    const part = item.recipient.address.split('+')[0] ?? ''
    t.equal(item.category, expected[part]?.[0], part)
  }
  for (const [part, [, status]] of Object.entries(expected)) {
    t.match(await address(program, `${part}+x@sandbox.test`), { status: 200, body: { status } }, part)
  }

  for (const [part, reply, category] of [
    ['unknown', /^550 5\.1\.1/, 'invalid_address'],
    ['full', /^452 4\.2\.2/, null],
    ['greylist', /^451 4\.7\.1/, null],
    ['spam', /^554 5\.7\.1/, null],
  ] as const) {
    t.match(await send(program, `${part}@sandbox.test`), { ok: false, reply }, part)
    if (category === null) t.match(await address(program, `${part}@sandbox.test`), { body: { status: 'unknown', reason: null } }, part)
    else {
      // The mail ends when the CRM has left: judged behind its back.
      const judged = await until(
        () => address(program, `${part}@sandbox.test`),
        ({ body }) => body.status === 'blacklisted',
      )
      t.match(judged.body, { reason: { category } }, part)
    }
  }
  const mixed = await send(program, ['unknown@sandbox.test', 'fine@sandbox.test'])
  t.match(mixed, { ok: true, rejected: ['unknown@sandbox.test'] }, 'one refused recipient does not stop the other')
})

t.test(
  'a canary flies through upstream and comes back; nothing of it is kept, and a restart remembers the last return',
  async (t: Test) => {
    const program = await startProgram(t)
    await send(program, 'unknown-late@sandbox.test')
    const { status } = await runHere(['doctor', '--round-trip', '--config', program.config, '--url', program.url])
    t.equal(status, 0, 'the doctor sees it come back')
    const flown = await api(program, '/v1/canary')
    t.match(flown.body, { recipient: /^canary-[0-9a-f]{16}@bounces\.sandbox\.test$/, returnedAt: String, failure: null })
    const { body } = await api(program, '/v1/bounces')
    t.equal((body.items as unknown[]).length, 1, 'only the return of the mail')
    const seconds = (metrics: string, name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1])
    const metrics = await (await fetch(`${program.url}/metrics`)).text()
    t.ok(seconds(metrics, 'rebond_canary_last_success_timestamp_seconds') > 1e9)
    const last = seconds(metrics, 'rebond_last_return_timestamp_seconds')
    await program.end('SIGTERM')
    const again = await startProgram(t, { directory: program.directory })
    const after = seconds(await (await fetch(`${again.url}/metrics`)).text(), 'rebond_last_return_timestamp_seconds')
    t.ok(Math.abs(after - last) < 60, 'known again from the store')
  },
)

/** The blocks of doc/http-api.md, each below the call it shows. */
function documentedCalls(): { call: string; curl: string }[] {
  const page = readFileSync('doc/http-api.md', 'utf8')
  return [...page.matchAll(/^### ([A-Z]+ \/\S*)\n[\s\S]*?```sh\n([\s\S]*?)```/gm)].map(([, call = '', curl = '']) => ({ call, curl }))
}

t.test('every curl of doc/http-api.md is understood by the program, and answered as its description says', async (t: Test) => {
  const curls = promisify(execFile)
  if (!(await curls('curl', ['--version']).catch(() => null))) return t.pass('curl', { skip: 'curl is not installed: NOT checked' })
  const program = await startProgram(t)
  await send(program, 'unknown-late@sandbox.test')
  await until(
    () => address(program, 'unknown-late@sandbox.test'),
    ({ body }) => body.status === 'blacklisted',
  )
  await copyFile('test/golden/mail/exim.eml', join(program.directory, 'returned.eml'))
  const { paths } = (await (await fetch(`${program.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: object }>>
  }
  const { items } = (await api(program, '/v1/bounces')).body as { items: { id: string; messageId: string }[] }
  const known = { '06h0qerl40pqj6cb-lc33kennat2i': items[0]?.id ?? '', "06h0qerl40pqj6cb'": `${items[0]?.messageId}'` }
  const calls = documentedCalls()
  t.same(
    calls.map(({ call }) => call).sort(),
    Object.entries(paths)
      .flatMap(([path, item]) => Object.keys(item).map(method => `${method.toUpperCase()} ${path}`))
      .sort(),
  )
  for (const { call, curl } of calls) {
    let command = curl.replaceAll('http://127.0.0.1:8025', program.url).replace('curl -s', "curl -s -o /dev/null -w '%{http_code}'")
    for (const [sample, ours] of Object.entries(known)) command = command.replaceAll(sample, ours)
    const { stdout, stderr } = await curls('bash', ['-c', command], { cwd: program.directory })
    const [method = '', path = ''] = call.split(' ')
    t.equal(stderr, '', call)
    t.ok(stdout in (paths[path]?.[method.toLowerCase()]?.responses ?? {}), `${call} answers ${stdout}`)
    t.match(stdout, /^(?:2..|404|409)$/, `${call}: what is sent is right, whatever there is to find`)
  }
  const loop = /```sh\n(# all pages[\s\S]*?)```/.exec(readFileSync('doc/http-api.md', 'utf8'))?.[1] ?? ''
  const paged = loop
    .replaceAll('http://127.0.0.1:8025', program.url)
    .replace('limit=500', 'limit=1')
    .replaceAll('headers', `${program.directory}/headers`)
  await api(program, '/v1/addresses/jean@example.com/block', { ...post({}), method: 'PUT' })
  await api(program, '/v1/addresses/marie@example.com/block', { ...post({}), method: 'PUT' })
  const { stdout } = await curls('bash', ['-c', paged])
  t.equal(stdout.split('"address"').length - 1, 3, 'three blocks on three pages')
})
