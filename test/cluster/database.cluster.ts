/**
 * The database goes away under load, hangs, and is not as it should be at the start: what CRMs, reporters and operators see.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { api, askRcpt, returnFor, sendMail, startCrm } from '../support/crm.ts'
import { runRebond, temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import { startCluster } from './cluster.ts'

const cluster = await startCluster(t)
const skip = 'skipped' in cluster ? cluster.skipped : cluster.server.process === null ? 'TEST_POSTGRES_URL is not ours to stop' : false

t.test('the database goes away and comes back', { skip }, async t => {
  if ('skipped' in cluster || cluster.server.process === null) return
  const { server, url, upstream } = cluster
  const { process } = cluster.server
  const node = await cluster.node()
  const passing = await cluster.node({ store: { kind: 'postgres', url, timeoutSeconds: 1, whenUnavailable: 'pass' } })
  const isReady = async () => ((await api(node, '/readyz')).checks as { store: boolean | string }).store
  await sendMail(node.relay, 'crm@shop.example', 'gone@example.org', 'Subject: hello\r\n\r\nhello\r\n')
  const returnPath = upstream.mails[0]?.returnPath ?? ''
  const kept = async (subjects: readonly string[]) => {
    const rows = await server.query(url, 'select data from messages')
    const there = new Set(rows.map(({ data }) => (data as { subject: string | null }).subject))
    return subjects.filter(subject => !there.has(subject))
  }

  await t.test('stopped for 10 s under load: 451, or passed if configured; nothing is lost, service resumes by itself', async t => {
    t.match(await fetch(`${node.url}/readyz`), { status: 200 })
    const crm = startCrm(t, node.relay, 4)
    await until(
      async () => crm.acknowledged.length,
      count => count > 50,
    )
    await process.stop()
    t.match(await askRcpt(t, node.relay, 'a@example.org'), /^451 /)
    const refused = await sendMail(node.bounce, '', returnPath, returnFor('gone@example.org')).catch((error: unknown) => error)
    t.match(refused, { responseCode: 451 })
    t.match(await sendMail(passing.relay, 'crm@shop.example', 'b@example.org', 'Subject: passed\r\n\r\nhello\r\n'), /^250/)
    t.match(await fetch(`${node.url}/readyz`), { status: 503 })
    t.comment(JSON.stringify(await isReady()))
    await new Promise(resolve => setTimeout(resolve, 10_000))
    await process.start()
    const before = crm.acknowledged.length
    await until(
      async () => crm.acknowledged.length,
      count => count > before + 50,
    )
    await crm.stop()
    t.ok((crm.rcptCodes.get('451') ?? 0) > 0)
    t.same(
      [...crm.rcptCodes.keys()].filter(code => /^5/.test(code)),
      [],
      'nothing was refused for good',
    )
    t.same(await kept(crm.acknowledged), [])
    t.comment(`${crm.acknowledged.length} acknowledged, ${crm.rcptCodes.get('451')} times 451`)
    t.match(await sendMail(node.bounce, '', returnPath, returnFor('gone@example.org')), /^250/)
    t.match(await fetch(`${node.url}/readyz`), { status: 200 })
    t.match(await (await fetch(`${node.url}/metrics`)).text(), /^rebond_store_errors_total [1-9]/m)
    t.match(node.log(), /store unavailable[\s\S]*store available again/)
  })

  await t.test('paused, so that statements hang: time-outs fire, sessions do not pile up', async t => {
    process.signal('SIGSTOP')
    const replies = await Promise.all(Array.from({ length: 60 }, (_, n) => askRcpt(t, node.relay, `user${n}@example.org`)))
    t.same([...new Set(replies.map(reply => reply.slice(0, 4)))], ['451 '])
    process.signal('SIGCONT')
    await until(
      () => askRcpt(t, node.relay, 'a@example.org'),
      reply => reply.startsWith('250'),
    )
    await until(
      async () => /^rebond_relay_sessions(?:_open)?(?:\{.*\})? (\d+)$/m.exec(await (await fetch(`${node.url}/metrics`)).text())?.[1] ?? '0',
      open => open === '0',
    )
  })

  await t.test('what is wrong at the start is said, and ends it with status 1', async t => {
    const directory = await temporaryDirectory(t)
    const good = await readFile(node.config, 'utf8')
    const attempt = async (config: string) => {
      const file = join(directory, 'rebond.yaml')
      await writeFile(file, config)
      return runRebond(['serve', '--config', file])
    }
    const { password, port } = new URL(url)
    t.match(await attempt(good.replace(password, 'wrong')), { status: 1, stderr: /password authentication failed/ })
    t.match(await attempt(good.replace(`:${port}/`, ':1/')), { status: 1, stderr: /ECONNREFUSED/ })
    await server.query(url, 'update rebond_schema set version = version + 1')
    t.match(await attempt(good), { status: 1, stderr: /start the version that wrote it/ })
    await server.query(url, 'update rebond_schema set version = version - 1')
    t.match(await runRebond(['store', 'migrate', '--config', node.config]), { status: 0, stdout: /already/ })
  })
})
