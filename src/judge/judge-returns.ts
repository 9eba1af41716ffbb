/**
 * Judges the returns of one report, or of one mail's replies, and commits what follows from all of them as one unit.
 *
 * Each return is judged on what those before it left behind: two about one address see each other.
 */
import type { RuleSet } from '../classify/compile-rules.ts'
import type { PolicyConfig } from '../config/schema.ts'
import type { ReturnPath } from '../return-path/return-path.ts'
import type { AddressKey } from '../smtp/path.ts'
import type { AddressRecord } from '../store/address-record.ts'
import type { AuditEntry } from '../store/audit-record.ts'
import type { Bounce } from '../store/return-records.ts'
import type { Store } from '../store/store.ts'
import type { Tally } from '../store/tally.ts'
import type { Changes, Facts, FactsRequest } from '../store/update.ts'
import type { ResolverSigns } from './conditions.ts'
import { idOf, type Judgement, judge, subjectOf } from './judge.ts'
import { deliveredNeighbours, hostLocks, readSigns, signsWanted, suspectsAmong } from './resolver-signs.ts'
import type { ReturnEvent } from './return-event.ts'
import { createSurgeLedger, type SurgeLedgerFacts, surgeWanted } from './surge-ledger.ts'
import { talliesOfReturn } from './tallies.ts'

export type JudgeReturnsDeps = { readonly store: Store; readonly policy: PolicyConfig; readonly now: () => number }

/** What the judges need to give verdicts. */
export type ClassifyingDeps = {
  /** The rules in force now: the operator's file may be read again. */
  readonly rules: () => RuleSet
  readonly returnPath: Pick<ReturnPath, 'address'>
}

/** What one update did. */
export type Judged = {
  readonly judgements: readonly Judgement[]
  /** Ids of the records of these returns, each once, in their order. */
  readonly bounceIds: readonly string[]
}

/**
 * Judges returns and commits them together with what `owes` adds. Durable when it resolves; repeated, it changes nothing more.
 * @throws {StoreUnavailable} and then nothing was done, or all of it.
 */
export async function judgeReturns(
  { store, policy, now }: JudgeReturnsDeps,
  events: readonly ReturnEvent[],
  owes: (bounceIds: readonly string[]) => Pick<Changes, 'report' | 'outbox' | 'tallies'> = () => ({}),
): Promise<Judged> {
  const bounceIds = [...new Set(events.map(idOf))]
  const suspects = suspectsAmong(events)
  const delivered = await deliveredNeighbours(store, suspects)
  const request: FactsRequest = {
    keys: [...new Set([...events.map(event => subjectOf(event).key), ...hostLocks(suspects)])],
    bounceIds,
    ...signsWanted(suspects, policy),
    ...surgeWanted(events, policy),
  }
  const at = now()
  return store.update(request, facts => {
    const signs = (event: ReturnEvent) => readSigns(event, suspects, facts, delivered)
    const { changes, judgements } = foldReturns(facts, events, signs, policy, at)
    const owed = owes(bounceIds)
    const tallies = [...(changes.tallies ?? []), ...(owed.tallies ?? [])]
    return { changes: { ...changes, ...owed, tallies }, result: { judgements, bounceIds } }
  })
}

/** Folds returns one after another over the facts. Pure. */
export function foldReturns(
  facts: Pick<Facts, 'addresses' | 'bounces' | 'seq'> & Partial<SurgeLedgerFacts>,
  events: readonly ReturnEvent[],
  signs: (event: ReturnEvent) => ResolverSigns,
  policy: PolicyConfig,
  now: number,
): { readonly changes: Changes; readonly judgements: readonly Judgement[] } {
  const addresses = new Map<AddressKey, AddressRecord>()
  const bounces = new Map<string, Bounce>()
  const audit: AuditEntry[] = []
  const tallies: Tally[] = []
  const ledger = createSurgeLedger(facts, policy)
  const judgements: Judgement[] = []
  for (const event of events) {
    const { key } = subjectOf(event)
    const id = idOf(event)
    const address = addresses.get(key) ?? facts.addresses.get(key) ?? null
    const prior = bounces.get(id) ?? facts.bounces.get(id) ?? null
    const known = {
      address,
      prior,
      seq: facts.seq,
      resolver: signs(event),
      surge: ledger.factsFor(event, address, now),
    }
    const judgement = judge(known, event, policy, now)
    judgements.push(judgement)
    if (judgement.why !== 'duplicate') {
      bounces.set(id, judgement.bounce)
      tallies.push(...talliesOfReturn(prior, judgement.bounce, event.message?.list ?? null))
    }
    if (judgement.address) addresses.set(key, judgement.address)
    if (judgement.audit) audit.push(judgement.audit)
    if (judgement.surge) ledger.add(judgement.surge)
  }
  return {
    changes: { addresses: [...addresses.values()], bounces: [...bounces.values()], audit, tallies, ...ledger.changes() },
    judgements,
  }
}
