/**
 * What every resource of the HTTP API is given: the fastify instance, typed by the zod schemas of its routes, and what it may ask.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { HttpConfig, PolicyConfig } from '../config/schema.ts'
import type { Canary } from '../intake/canary.ts'
import type { HandIn } from '../intake/hand-in.ts'
import type { TakeHook } from '../intake/providers/provider-intake.ts'
import type { Rejudge } from '../judge/rejudge.ts'
import type { ChangeWatch } from '../notify/change-watch.ts'
import type { Notifier } from '../notify/notifier.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import type { Store } from '../store/store.ts'

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

/** How one part of the program is: true, false, or a sentence that says what is wrong. */
export type Check = boolean | string

export type Health = {
  readonly store: Check
  readonly upstream: Check
  readonly relay: Check
  readonly bounce: Check
  readonly mailboxes?: Check
}

export type HttpDeps = {
  readonly config: HttpConfig
  readonly policy: PolicyConfig
  readonly store: Store
  readonly returnPath: Pick<ReturnPath, 'address' | 'mode'>
  readonly log: Log
  readonly metrics: Metrics
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly version: string
  readonly ruleSetVersion: () => string
  readonly health: () => Promise<Health>
  /** Takes a returned mail that did not come by SMTP. */
  readonly handIn: HandIn
  /** Octets of a returned mail at most. */
  readonly maxMessageBytes: number
  /** Takes a web hook of a mail provider. */
  readonly takeHook: TakeHook
  readonly notifier: Notifier
  readonly changeWatch: ChangeWatch
  readonly canary: Pick<Canary, 'send' | 'latest'>
  readonly rejudge: Rejudge
  /** Says that mail is owed now. */
  readonly wakeForwarder: () => void
}
