/**
 * A receiver of webhooks on loopback, and a notifier over a real store with a clock that stands still until it is told.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type WebhookEvent, webhookEvents } from '../../src/config/webhooks.ts'
import type { EndpointDeps } from '../../src/notify/endpoint.ts'
import { createNotifier } from '../../src/notify/notifier.ts'
import { tellingStore } from '../../src/notify/telling-store.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import type { Store } from '../../src/store/store.ts'
import { start } from '../store/samples.ts'
import { tempStore } from '../support/temp-store.ts'

export type Received = { readonly headers: IncomingHttpHeaders; readonly body: string; readonly url: string }
type Answer = number | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | 'hang up'

/** A server that answers as the script says, 204 when it says nothing more. */
export async function receiver(t: Test, script: Answer[] = []) {
  const received: Received[] = []
  const server = createServer((request, reply) => {
    let body = ''
    request.setEncoding('utf8').on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body, url: request.url ?? '' })
      const answer = script.shift() ?? 204
      if (answer === 'hang up') return request.socket.destroy()
      const { status, headers = {}, body: text = '' } = typeof answer === 'number' ? { status: answer } : answer
      reply.writeHead(status, headers).end(text)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/hook?key=1`, port, received, script }
}

export const secrets = [`whsec_${Buffer.alloc(32, 1).toString('base64')}`, `whsec_${Buffer.alloc(32, 2).toString('base64')}`] as const

/** Files with the secrets in them. */
export async function secretFiles(t: Test, ...texts: readonly string[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rebond-secrets-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const files = texts.map((_, index) => join(directory, `secret-${index}`))
  await Promise.all(files.map((file, index) => writeFile(file, `${texts[index]}\n`)))
  return files
}

export type HouseOptions = Partial<EndpointDeps> & {
  readonly url: string
  readonly events?: readonly WebhookEvent[]
  readonly allowPrivate?: boolean
  readonly files?: readonly string[]
  readonly begin?: boolean
}

/** A notifier with one endpoint, `crm`, and the store that tells it. */
export async function house(t: Test, { url, events = webhookEvents, allowPrivate = true, files, begin = true, ...more }: HouseOptions) {
  const clock = { now: start }
  const kept: Store = more.store ?? (await tempStore(t, { now: () => clock.now }))
  const lines: string[] = []
  const metrics = createMetrics('test')
  const endpoint = { name: 'crm', url, events: [...events], allowPrivate, secretFiles: [...(files ?? (await secretFiles(t, secrets[0])))] }
  const notifier = createNotifier([endpoint], {
    ...{ metrics, version: '1.2.3', publicUrl: 'https://rebond.example.com/' },
    log: createLog('info', { write: line => void lines.push(line) }),
    now: () => clock.now,
    random: () => 0,
    ...more,
    store: kept,
  })
  const store = tellingStore(kept, { listeners: [endpoint], now: () => clock.now, onChange: () => {}, onOwed: notifier.wake })
  if (begin) await notifier.start()
  t.teardown(() => notifier.stop())
  return {
    ...{ store, kept, notifier, clock, metrics },
    log: () => lines.join(''),
    async after(ms: number) {
      clock.now += ms
      await notifier.idle()
    },
    deliveries: async () => (await kept.deliveries({ endpoint: 'crm' }, { limit: 500, cursor: null })).items,
  }
}
