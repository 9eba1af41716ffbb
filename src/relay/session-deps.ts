/**
 * What every session of a relay shares.
 */

import type { ReturnPath } from '../return-path/return-path.ts'
import type { Connection } from '../wire/connection.ts'
import type { JournalDeps } from './journal.ts'
import type { ScreeningDeps } from './screening.ts'
import type { ClockDeps } from './session-clock.ts'
import type { WarmConnections } from './warm-connections.ts'

export type SessionDeps = JournalDeps &
  ScreeningDeps &
  ClockDeps & {
    readonly hostname: string
    /** Stands in our greeting: an upstream that greets with it is ourselves. */
    readonly instanceId: string
    readonly returnPath: ReturnPath
    readonly makeId: () => string
    readonly connections: WarmConnections
    /** `address`: the CRM's, for guessing is limited by it. */
    /** @throws {Error} the password could not be looked at. */
    readonly verifyPassword: (address: string, user: string, password: string) => Promise<boolean>
    /** Turns the CRM's connection into TLS. */
    readonly secure: (crm: Connection) => Promise<void>
    /** Counts it, and says once a minute what to do. */
    readonly returnPathRefused: (reply: string) => void
    /** Work that goes on after a session; a stop waits for it. */
    readonly inBackground: (work: Promise<void>) => void
    /** The session is over. */
    readonly ended: (session: { readonly id: string }) => void
  }
