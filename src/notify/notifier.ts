/**
 * Tells the configured endpoints what happened, and lets people look at it: deliveries are shown, replayed, and endpoints enabled again.
 */
import type { WebhookEndpoint } from '../config/webhooks.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import type { Delivery, EndpointStop } from '../store/delivery-records.ts'
import { createEndpoint, type EndpointDeps, type EndpointState } from './endpoint.ts'

export type Deed = { readonly by: string | null; readonly why: string; readonly now: number }

export type Notifier = {
  /** Begins to deliver. @throws {WebhookSecretInvalid} */
  start(): Promise<void>
  reload(): Promise<void>
  wake(): void
  /** Resolves when nothing can be delivered now. */
  idle(): Promise<void>
  endpoints(): readonly (WebhookEndpoint & EndpointState)[]
  /** Lets an endpoint have webhooks again; gives why it had none, null: it had. */
  enable(name: string, deed: Deed): Promise<EndpointStop | null>
  /** Owes deliveries that have ended once more, under their old ids. @throws {StoreUnavailable} */
  replay(name: string, deliveries: readonly Delivery[], deed: Deed): Promise<readonly Delivery[]>
  stop(): Promise<void>
}

/** Makes it; nothing is sent before `start`. */
export function createNotifier(endpoints: readonly WebhookEndpoint[], deps: EndpointDeps): Notifier {
  const { store } = deps
  const runners = new Map(endpoints.map(one => [one.name, { endpoint: one, runner: createEndpoint(one, deps) }]))
  const all = [...runners.values()].map(({ runner }) => runner)
  const audited = (op: 'enable' | 'replay', name: string, { by, why, now }: Deed): AuditEntry => ({
    ...{ at: now, op, actor: 'hand', by, key: null },
    ...{ subject: `webhook ${name}`, why },
  })

  return {
    async start() {
      for (const runner of all) await runner.start()
    },
    async reload() {
      await Promise.all(all.map(runner => runner.reload()))
    },
    wake() {
      for (const runner of all) runner.wake()
    },
    async idle() {
      await Promise.all(all.map(runner => runner.idle()))
    },
    endpoints: () => [...runners.values()].map(({ endpoint, runner }) => ({ ...endpoint, ...runner.state() })),
    async enable(name, deed) {
      return (await runners.get(name)?.runner.enable(audited('enable', name, deed))) ?? null
    },
    async replay(name, deliveries, deed) {
      const again = deliveries.map((one): Delivery => ({ ...one, since: deed.now, dueAt: deed.now, attempts: 0, ended: null }))
      if (again.length === 0) return again
      const audit = [audited('replay', name, deed)]
      await store.update({ keys: [] }, () => ({ changes: { deliveries: again, audit }, result: null }))
      runners.get(name)?.runner.wake()
      return again
    },
    async stop() {
      await Promise.all(all.map(runner => runner.stop()))
    },
  }
}
