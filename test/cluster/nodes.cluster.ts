/**
 * Two nodes with one database: what one knows, both know, and what one leaves undone, the other does.
 */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { api, askRcpt, returnFor, sendMail, startCrm } from '../support/crm.ts'
import { temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import { startCluster } from './cluster.ts'

const cluster = await startCluster(t)

t.test('two nodes, one memory', { skip: 'skipped' in cluster ? cluster.skipped : false }, async t => {
  if ('skipped' in cluster) return
  const { upstream, server, url } = cluster
  const [a, b] = [await cluster.node(), await cluster.node()]
  /** Mails somebody by A, and gives the return path that upstream saw. */
  const returnPathOf = async (who: string) => {
    await sendMail(a.relay, 'crm@shop.example', who, 'Subject: hello\r\n\r\nhello\r\n')
    return upstream.mails.find(({ to }) => to.includes(who))?.returnPath ?? ''
  }
  const statusAt = async (node: typeof a, who: string) => (await api(node, `/v1/addresses/${who}`)).status

  await t.test('a return accepted by A blocks at B, and an unblock at B lets pass at A at once', async t => {
    const who = 'gone@example.org'
    t.match(await sendMail(a.bounce, '', await returnPathOf(who), returnFor(who)), /^250/)
    await until(
      () => statusAt(b, who),
      status => status === 'blacklisted',
    )
    t.match(await askRcpt(t, b.relay, who), /^550 5\.1\.1 <gone@example.org> is blacklisted since/)
    for (let round = 0; round < 5; round++) {
      await api(b, `/v1/addresses/${who}/unblock`, { method: 'POST', body: { why: 'it is back' } })
      t.match(await askRcpt(t, a.relay, who), /^250/)
      await api(b, `/v1/addresses/${who}/block`, { method: 'PUT', body: { why: 'gone again' } })
      t.match(await askRcpt(t, a.relay, who), /^550/)
    }
  })

  await t.test('the same return sent to both counts once', async t => {
    const who = 'twice@example.org'
    const returnPath = await returnPathOf(who)
    await Promise.all([a, b].map(node => sendMail(node.bounce, '', returnPath, returnFor(who))))
    for (const node of [a, b])
      await until(
        () => api(node, '/v1/status'),
        status => (status.counts as { pendingReports: number }).pendingReports === 0,
      )
    t.match(await api(b, `/v1/addresses/${who}`), { status: 'blacklisted', counts: { hard: 1 } })
    t.equal(((await api(a, `/v1/bounces?address=${who}`)).items as unknown[]).length, 1)
  })

  await t.test(
    'an endpoint that answers 410 to one node is told nothing by the other, and what enables it there is heard here',
    async t => {
      const heard: string[] = []
      let status = 410
      const crm = createServer((request, answer) => {
        heard.push(String(request.headers['webhook-id']))
        request.resume().on('end', () => answer.writeHead(status).end())
      })
      await new Promise<void>(resolve => crm.listen(0, '127.0.0.1', resolve))
      t.teardown(() => crm.close())
      const secret = join(await temporaryDirectory(t), 'secret')
      await writeFile(secret, `whsec_${randomBytes(32).toString('base64')}`, { mode: 0o600 })
      const { port } = crm.address() as AddressInfo
      const webhooks = [
        { name: 'crm', url: `http://127.0.0.1:${port}/`, secretFiles: [secret], allowPrivate: true, events: ['address.blacklisted'] },
      ]
      const [one, other] = [await cluster.node({ webhooks }), await cluster.node({ webhooks })]
      const stateAt = async (node: typeof a) => ((await api(node, '/v1/webhooks')).items as { state: string }[])[0]?.state
      const block = (node: typeof a, who: string) => api(node, `/v1/addresses/${who}/block`, { method: 'PUT', body: { why: 'asked us' } })

      await block(one, 'first@example.net')
      for (const node of [one, other])
        await until(
          () => stateAt(node),
          state => state === 'disabled',
        )
      const before = heard.length
      await block(other, 'second@example.net')
      status = 200
      await api(other, '/v1/webhooks/crm/enable', { method: 'POST', body: { why: 'it is back' } })
      for (const node of [one, other])
        await until(
          () => stateAt(node),
          state => state === 'ok',
        )
      await until(
        async () => new Set(heard.slice(before)).size,
        told => told === 2,
      )
      await Promise.all([one.end('SIGTERM'), other.end('SIGTERM')])
    },
  )

  await t.test('kill -9 of A under load: nothing acknowledged is lost, and B sends what A owed', async t => {
    upstream.holdsForwards = true
    const crms = [startCrm(t, a.relay, 4), startCrm(t, b.relay, 4)]
    const gone = Array.from({ length: 20 }, (_, n) => `gone${n}@example.net`)
    for (const who of gone) t.match(await sendMail(a.bounce, '', await returnPathOf(who), returnFor(who)), /^250/)
    await api(a, '/v1/addresses/asked@example.net/block', { method: 'PUT', body: { why: 'asked us' } })
    await until(
      async () => crms.every(({ acknowledged }) => acknowledged.length > 100),
      enough => enough,
    )
    t.equal(await a.end('SIGKILL'), 'SIGKILL')
    upstream.holdsForwards = false
    await crms[0]?.stop()
    await until(
      async () => gone.filter(who => upstream.mails.some(({ returnPath, text }) => returnPath === '' && text.includes(`to ${who}`))),
      there => there.length === gone.length,
    )
    await crms[1]?.stop()
    const kept = await server.query(url, 'select data from messages')
    const subjects = new Set(kept.map(({ data }) => (data as { subject: string | null }).subject))
    const acknowledged = crms.flatMap(crm => crm.acknowledged)
    t.comment(`${acknowledged.length} mails acknowledged, ${kept.length} journalled`)
    t.same(
      acknowledged.filter(subject => !subjects.has(subject)),
      [],
    )
    for (const who of [...gone, 'asked@example.net'])
      await until(
        () => statusAt(b, who),
        status => status === 'blacklisted',
      )
    t.match(await api(b, '/v1/status'), { counts: { pendingReports: 0 } })
    await until(
      () => api(b, '/v1/outbox?state=waiting'),
      ({ items }) => (items as unknown[]).length === 0,
    )
  })
})
