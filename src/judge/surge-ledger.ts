/**
 * The surge guard's book while several returns are judged: each sees the windows and incidents that those before it left (surge.ts).
 *
 * Pure: it is made, filled and read within one fold.
 */
import type { PolicyConfig } from '../config/schema.ts'
import { timeOfId } from '../return-path/time-id.ts'
import type { AddressRecord } from '../store/address-record.ts'
import type { Incident, SurgeWindow } from '../store/surge-records.ts'
import type { Changes, Facts, FactsRequest } from '../store/update.ts'
import { subjectOf } from './judge.ts'
import { operatorOf } from './operator.ts'
import type { ReturnEvent } from './return-event.ts'
import { acceptedBefore, addressStatus } from './status.ts'
import { emptyWindow, type SurgeFacts, type SurgeVerdict } from './surge.ts'

export type SurgeLedgerFacts = Pick<Facts, 'accepted' | 'windows' | 'incidents' | 'journalSince'>

const dayMs = 86_400_000

/** What an update of these returns must ask the store for. */
export function surgeWanted(
  events: readonly ReturnEvent[],
  policy: Pick<PolicyConfig, 'okAfterHours' | 'surgeGuard'>,
): Pick<FactsRequest, 'operators' | 'acceptedBefore'> {
  const looked = policy.surgeGuard.enabled ? events.filter(isLookedAt) : []
  if (looked.length === 0) return {}
  // Older than the mail that came back: its own acceptance does not make its recipient ok.
  const before = looked.map(({ receivedAt, messageId }) => Math.min(acceptedBefore(receivedAt, policy), timeOfId(messageId) - 1))
  return { operators: [...new Set(looked.map(operatorFor))], acceptedBefore: Math.min(...before) }
}

export type SurgeLedger = {
  /** What the guard knows as it looks at a return; null: it does not look. `address`: as those before left it. */
  factsFor(event: ReturnEvent, address: AddressRecord | null, now: number): SurgeFacts | null
  add(verdict: SurgeVerdict): void
  changes(): Pick<Changes, 'windows' | 'incidents' | 'members'>
}

/** Opens the book on the facts of an update. */
export function createSurgeLedger(
  { accepted = new Map(), windows: given = new Map(), incidents: known = new Map(), journalSince = null }: Partial<SurgeLedgerFacts>,
  policy: Pick<PolicyConfig, 'okAfterHours' | 'surgeGuard'>,
): SurgeLedger {
  const windows = new Map<string, SurgeWindow>()
  const incidents = new Map<string, Incident>()
  const members: { group: string; bounceId: string }[] = []
  return {
    factsFor(event, address, now) {
      if (!isLookedAt(event)) return null
      const operator = operatorFor(event)
      return {
        operator,
        window: windows.get(operator) ?? given.get(operator) ?? emptyWindow,
        wereOk: addressStatus(address, accepted.get(subjectOf(event).key) ?? null, event.receivedAt, policy) === 'ok',
        young: journalSince === null || now - journalSince < policy.surgeGuard.youngDays * dayMs,
        incidents: new Map([...known, ...incidents]),
      }
    },
    add({ operator, window, incident, members: listed }) {
      windows.set(operator, window)
      if (!incident) return
      incidents.set(incident.id, incident)
      members.push(...listed.map(bounceId => ({ group: incident.id, bounceId })))
    },
    changes: () => ({ windows, incidents: [...incidents.values()], members }),
  }
}

function isLookedAt({ action, grade, match }: ReturnEvent): boolean {
  return (action === 'failed' || action === 'delivered') && grade !== 'claimed' && match.fate === 'recipient'
}

function operatorFor(event: ReturnEvent): string {
  const { remoteMta, source, evidence } = event
  // A reply in our own session names our upstream, which is nobody's mailbox provider.
  return operatorOf({ remoteMta: source === 'reply' ? null : remoteMta, evidence, key: subjectOf(event).key })
}
