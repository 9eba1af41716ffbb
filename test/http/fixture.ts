/**
 * An HTTP server on a store with some mail and returns in it, and a client that holds every answer against the OpenAPI document.
 */
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { z } from 'zod'
import { shippedRules } from '../../src/classify/rule-set.ts'
import { parseConfig } from '../../src/config/config.ts'
import type { Health, HttpDeps } from '../../src/http/app.ts'
import { createHttp, type HttpServer } from '../../src/http/server.ts'
import { digestOf } from '../../src/http/tokens.ts'
import { createRejudge } from '../../src/judge/rejudge.ts'
import { createChangeWatch } from '../../src/notify/change-watch.ts'
import { createNotifier } from '../../src/notify/notifier.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { unreadableReport } from '../../src/report/report.ts'
import { makeId } from '../../src/return-path/time-id.ts'
import { type AddressKey, addressKeyOf } from '../../src/smtp/path.ts'
import { reply } from '../../src/smtp/reply.ts'
import type { AddressRecord, Block } from '../../src/store/address-record.ts'
import type { JournalRecipient, Message } from '../../src/store/message-records.ts'
import type { Bounce } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import { tempStore } from '../support/temp-store.ts'

/** The moment at which all tests of this room play. */
export const now = Date.UTC(2026, 10, 24, 9)
export const hour = 3_600_000

/** Tokens of the tests, by what they may do. */
export const tokens = {
  reader: 'r'.repeat(43),
  unblocker: 'u'.repeat(43),
  admin: 'a'.repeat(43),
  ingester: 'i'.repeat(43),
  all: 'x'.repeat(43),
}

const configured = [
  { name: 'reader', sha256: digestOf(tokens.reader), scopes: ['read'] },
  { name: 'unblocker', sha256: digestOf(tokens.unblocker).toUpperCase(), scopes: ['unblock'] },
  { name: 'boss', sha256: digestOf(tokens.admin), scopes: ['admin'] },
  { name: 'pipe', sha256: digestOf(tokens.ingester), scopes: ['ingest'] },
  { name: 'all', sha256: digestOf(tokens.all), scopes: ['read', 'unblock', 'admin', 'ingest'] },
]

export const healthy: Health = { store: true, upstream: true, relay: true, bounce: true }

export type Fixture = { readonly server: HttpServer; readonly store: Store; readonly log: string[]; readonly metrics: HttpDeps['metrics'] }

/** Opens a server; `withTokens`: those above are configured, else it is for this machine only. */
export async function openServer(
  t: Test,
  { withTokens = false, http = {}, ...more }: { withTokens?: boolean; http?: object } & Partial<HttpDeps> = {},
): Promise<Fixture> {
  const parsed = parseConfig({ http: { tokens: withTokens ? configured : [], ...http } })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const store = more.store ?? (await tempStore(t, { now: () => now }))
  const log: string[] = []
  const metrics = createMetrics('1.2.3')
  const server = createHttp({
    config: parsed.config.http,
    policy: parsed.config.policy,
    store,
    returnPath: { mode: 'rewrite', address: id => `b-${id}@bounces.crm.example` },
    log: createLog('info', { write: line => void log.push(line) }),
    metrics,
    now: () => now,
    version: '1.2.3',
    ruleSetVersion: () => 'rules-7',
    health: async () => healthy,
    rejudge: createRejudge({
      store,
      policy: parsed.config.policy,
      now: () => now,
      rules: () => shippedRules,
      returnPath: { address: id => `b-${id}@bounces.crm.example` },
      parse: async () => unreadableReport,
    }),
    wakeForwarder: () => {},
    handIn: async () => ({ ok: false, why: 'spent' }),
    maxMessageBytes: 1_000_000,
    takeHook: async () => ({ ok: false, why: 'off' }),
    canary: {
      send: async () => ({ id: 'c', recipient: 'canary-1@bounces.crm.example', sentAt: now, returnedAt: null, failure: null }),
      latest: () => null,
    },
    notifier: createNotifier([], { store, log: createLog('silent'), metrics, now: () => now, version: '1.2.3', publicUrl: null }),
    changeWatch: createChangeWatch(),
    ...more,
  })
  t.teardown(() => server.close())
  return { server, store, log, metrics }
}

/** The key of an address that must be one. */
export function keyOf(address: string): AddressKey {
  const key = addressKeyOf(address)
  if (key === null) throw new Error(`${address} must be an address`)
  return key
}

let made = 0

/** The id of a mail at a moment; no two are the same. */
export function idAt(at: number): string {
  const random = Buffer.alloc(4)
  random.writeUInt32BE(++made)
  return makeId(at, random)
}

/** Journals a mail to `addresses`, accepted by upstream unless told. */
export async function journal(
  store: Store,
  addresses: readonly string[],
  {
    at = now - hour,
    outcome = 'accepted',
    verdict = 'relayed',
    ...more
  }: Partial<Pick<Message, 'subject' | 'list' | 'template'>> & {
    at?: number
    outcome?: NonNullable<Message['outcome']>['outcome'] | null
    verdict?: JournalRecipient['verdict']
  } = {},
): Promise<Message> {
  const id = idAt(at)
  const words = {
    relayed: reply(250, '2.1.5', 'Ok'),
    blacklisted: reply(550, '5.1.1', 'blacklisted'),
    refused: reply(550, '5.1.1', 'No'),
    deferred: reply(452, '4.2.2', 'Full'),
  }
  const message = await store.appendMessage(
    {
      id,
      at,
      reversePath: 'news@crm.example',
      recipients: addresses.map(address => ({ address, key: keyOf(address), name: 'Jean Valjean', verdict, reply: words[verdict] })),
      from: { name: 'News', address: 'news@crm.example' },
      subject: 'Your order',
      template: 'order',
      list: 'autumn',
      headerMessageId: `<${id}+1@crm.example>`,
      size: 1234,
      ...more,
    },
    [],
  )
  if (outcome !== null)
    store.settleMessage(id, { outcome, at: at + 500, reply: reply(250, '2.0.0', `Ok: queued as Q${id}`), upstreamId: `Q${id}` })
  return message
}

/** A hard return for `address`, of `message` when there is one. */
export function bounceOf(address: string, message: Message | null, more: Partial<Bounce> = {}): Bounce {
  const key = keyOf(address)
  return {
    id: `${message?.id ?? idAt(now)}-${Buffer.from(key).toString('hex').slice(0, 12)}`,
    receivedAt: now - hour / 2,
    source: 'dsn',
    kind: 'bounce',
    action: 'failed',
    reportId: null,
    messageId: message?.id ?? null,
    address,
    key,
    category: 'invalid_address',
    fault: 'recipient',
    type: 'hard',
    rule: 'rfc3463-x.1.1',
    confirm: null,
    evidence: '550 5.1.1 User unknown',
    status: '5.1.1',
    replyCode: 550,
    remoteMta: 'mx.example.com',
    reportingMta: 'mail.crm.example',
    grade: 'proven',
    counted: true,
    why: 'blacklisted',
    mail: null,
    ...more,
  }
}

/** Stores returns and what they did: one that counted blacklists its address. */
export async function storeBounces(store: Store, ...bounces: readonly Bounce[]): Promise<void> {
  for (const bounce of bounces) {
    await store.update({ keys: [bounce.key], bounceIds: [bounce.id] }, ({ seq }) => {
      const block: Block | null = bounce.counted
        ? {
            address: bounce.address,
            since: bounce.receivedAt,
            until: null,
            category: bounce.category,
            type: bounce.type,
            fault: bounce.fault,
            rule: bounce.rule,
            evidence: bounce.evidence,
            bounceId: bounce.id,
            messageId: bounce.messageId,
            by: null,
          }
        : null
      const record: AddressRecord = {
        key: bounce.key,
        address: bounce.address,
        block,
        lastHard: bounce.counted ? { seq, at: bounce.receivedAt } : null,
        lastUnblock: null,
        lastDelivered: null,
        awaiting: [],
        counts: { hard: bounce.counted ? 1 : 0, soft: bounce.type === 'soft' ? 1 : 0, uncounted: 0 },
      }
      return { changes: { addresses: [record], bounces: [bounce] }, result: null }
    })
  }
}

type Schema = { readonly [key: string]: unknown }
export type Document = {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, Schema> }
}
export type Operation = {
  readonly security?: readonly Record<string, readonly string[]>[]
  readonly requestBody?: object
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Schema }> }>
}

/** Makes a client whose every answer must be one that the OpenAPI document promises; gives the answer. */
export async function checkedClient(t: Test, { server }: Pick<Fixture, 'server'>) {
  const document = (await server.inject('/openapi.json')).json() as Document
  const checks = new Map<string, z.ZodType>()

  return async (request: InjectOptions): Promise<LightMyRequestResponse> => {
    const answer = await server.inject(request)
    const path = String(request.url).replace(/\?.*$/s, '')
    const found = Object.entries(document.paths).find(([template]) => templateToRegExp(template).test(path))
    const operation = found?.[1][(request.method ?? 'GET').toLowerCase()]
    if (!found || !operation) return answer
    const name = `${request.method ?? 'GET'} ${found[0]} ${answer.statusCode}`
    const [type = ''] = String(answer.headers['content-type']).split(';')
    const promised = operation.responses[answer.statusCode]?.content?.[type]
    if (!promised) t.fail(`${name} ${type} must be in the document`)
    else if (type === 'application/json' || type.endsWith('+json')) {
      const check = checks.get(name) ?? z.fromJSONSchema(inline(promised.schema, document) as Parameters<typeof z.fromJSONSchema>[0])
      checks.set(name, check)
      const result = check.safeParse(answer.json())
      t.ok(result.success, `${name} is as the document says: ${result.success ? '' : result.error.message}`)
    }
    return answer
  }
}

function templateToRegExp(template: string): RegExp {
  return new RegExp(`^${template.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`)
}

/** A schema with its references replaced by what they lead to. */
function inline(schema: unknown, document: Document): unknown {
  if (Array.isArray(schema)) return schema.map(item => inline(item, document))
  if (schema === null || typeof schema !== 'object') return schema
  if ('$ref' in schema) return inline(document.components.schemas[String(schema.$ref).replace(/^.*\//, '')], document)
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inline(value, document)]))
}
