/**
 * How rebond is: `/livez` and `/readyz` for supervisors and balancers, `/v1/status` for people, `/metrics` for Prometheus.
 */
import { z } from 'zod'
import type { App, Check, HttpDeps } from './app.ts'
import { timeSchema } from './bounce-item.ts'
import { formatTime } from './fields.ts'

const checkSchema = z.string().describe('ok, or what is wrong')
const readySchema = z.object({
  status: z.enum(['ready', 'not ready']),
  checks: z.object({
    store: checkSchema,
    upstream: checkSchema,
    relay: checkSchema,
    bounce: checkSchema,
    mailboxes: checkSchema.describe('of intake.imap: they do not make rebond unready, since mail passes all the same'),
  }),
})

/** More open incidents at a time than this are shown as so many. */
const maxIncidents = 500

const count = z.number().int().nullable()
const countSchema = z.record(z.string(), z.number())

const statusSchema = z
  .object({
    version: z.string(),
    ruleSetVersion: z.string(),
    startedAt: timeSchema,
    uptimeSeconds: z.number().int(),
    upstream: checkSchema,
    store: z.object({ kind: z.string(), state: checkSchema }),
    counts: z
      .object({
        blacklisted: count.describe('addresses blacklisted now'),
        returns: count.describe('returns kept'),
        mails: count.describe('mails kept in the journal'),
        pendingReports: count.describe('returned mails that wait to be judged'),
        owedMails: count.describe('mails that wait to be forwarded'),
        deadLetters: count.describe('mails that could not be forwarded and were given up'),
        webhooks: count.describe('webhooks that wait to be delivered'),
        recipients: countSchema.describe('since the start, by verdict'),
        messages: countSchema.describe('since the start, by outcome'),
        reports: countSchema.describe('since the start, by kind'),
      })
      .describe('null: the store does not answer'),
  })
  .meta({ id: 'Status' })

/** Adds the routes. */
export function healthRoutes(app: App, { store, metrics, now, version, ruleSetVersion, health }: HttpDeps): void {
  const startedAt = now()

  app.route({
    method: 'GET',
    url: '/livez',
    config: { access: 'none' },
    schema: { tags: ['health'], summary: 'The process runs', response: { 200: z.object({ status: z.literal('alive') }) } },
    handler: () => ({ status: 'alive' as const }),
  })

  app.route({
    method: 'GET',
    url: '/readyz',
    config: { access: 'none' },
    schema: { tags: ['health'], summary: 'Every part answers', response: { 200: readySchema, 503: readySchema } },
    handler: async (_request, reply) => {
      const readiness = await readinessOf(health)
      reply.code(readiness.status === 'ready' ? 200 : 503)
      return readiness
    },
  })

  app.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'local' },
    schema: {
      tags: ['health'],
      summary: 'Metrics for Prometheus; on this machine no token is needed',
      response: { 200: { description: 'text format 0.0.4', content: { 'text/plain': { schema: z.string() } } } },
    },
    handler: async (_request, reply) => {
      const kept = await store.counts().catch(() => null)
      if (kept !== null) {
        metrics.blacklistedAddresses.set(kept.blacklisted)
        metrics.outbox.set({ state: 'waiting' }, kept.outbox)
        metrics.outbox.set({ state: 'dead' }, kept.deadLetters)
        metrics.webhooksWaiting.set(kept.webhooks)
      }
      const open = await store.incidents({ state: 'open' }, { limit: maxIncidents, cursor: null }).catch(() => null)
      if (open !== null) metrics.incidentsOpen.set(open.items.length)
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/status',
    config: { access: 'read' },
    schema: { tags: ['health'], summary: 'Version, uptime, counts', response: { 200: statusSchema } },
    handler: async () => {
      const [{ store: storeCheck, upstream }, kept, recipients, messages, reports] = await Promise.all([
        health(),
        store.counts().catch(() => null),
        countsBy(metrics.rcpt, 'verdict'),
        countsBy(metrics.messages, 'outcome'),
        countsBy(metrics.reports, 'kind'),
      ])
      return {
        version,
        ruleSetVersion: ruleSetVersion(),
        startedAt: formatTime(startedAt),
        uptimeSeconds: Math.floor((now() - startedAt) / 1000),
        upstream: say(upstream),
        store: { kind: store.kind, state: say(storeCheck) },
        counts: {
          blacklisted: kept?.blacklisted ?? null,
          returns: kept?.bounces ?? null,
          mails: kept?.messages ?? null,
          pendingReports: kept?.pendingReports ?? null,
          owedMails: kept?.outbox ?? null,
          deadLetters: kept?.deadLetters ?? null,
          webhooks: kept?.webhooks ?? null,
          recipients,
          messages,
          reports,
        },
      }
    },
  })
}

export type Readiness = z.output<typeof readySchema>

/** Asks every part how it is. */
export async function readinessOf(health: HttpDeps['health']): Promise<Readiness> {
  const { store, upstream, relay, bounce, mailboxes = true } = await health()
  const ready = [store, upstream, relay, bounce].every(isOk)
  return {
    status: ready ? 'ready' : 'not ready',
    checks: { store: say(store), upstream: say(upstream), relay: say(relay), bounce: say(bounce), mailboxes: say(mailboxes) },
  }
}

type Counts = { get(): Promise<{ values: readonly { value: number; labels: Partial<Record<string, string | number>> }[] }> }

/** What a counter stands at, by one label. */
async function countsBy(counter: Counts, label: string): Promise<Record<string, number>> {
  const { values } = await counter.get()
  return Object.fromEntries(values.map(({ value, labels }) => [String(labels[label]), value]))
}

function isOk(check: Check): boolean {
  return check === true
}

function say(check: Check): string {
  return check === true ? 'ok' : check === false ? 'does not answer' : check
}
