/**
 * The verdict on one reply: rule tables first, then what no rule may overrule (bounces.md, "Fault before type").
 *
 * Pure.
 */
import type { Reply } from '../smtp/reply.ts'
import type { RuleSet } from './compile-rules.ts'
import { type Evidence, readEvidence } from './evidence.ts'
import type { Rule } from './rule.ts'
import { shippedRules } from './rule-set.ts'
import { categoryFacts, type Phase, type Verdict, verdictOf } from './verdict.ts'

export type ReplyContext = {
  /** The command the reply answered; `rcpt` unless given. */
  readonly phase?: Phase
  /** The host that replied. */
  readonly host?: string | null
  /** Addresses of ours, the return path and the sender: named in a reply, they make it the sender's fault. */
  readonly ours?: readonly string[]
  /** The address the reply is about; it may be one of ours (mail to oneself). */
  readonly recipient?: string | null
  /** Recipients of the transaction: after the dot a reply to several says nothing about one of them. 1 unless given. */
  readonly recipientCount?: number
  readonly rules?: RuleSet
}

/** Gives the verdict on a live reply, or on a diagnostic without a code. Lines of a text are parted by LF. Never throws. */
export function classifyReply(words: string | Reply, context: ReplyContext = {}): Verdict {
  const evidence = readEvidence(words, { phase: context.phase ?? 'rcpt', host: context.host ?? null })
  const verdict = decide(evidence, context)
  // RFC 5321 §4.2.1: a 4yz may go well next time, whatever it says, and so may one that is quoted.
  if (verdict.type === 'hard' && (evidence.outerClass === 4 || Math.floor((evidence.code ?? 0) / 100) === 4))
    return softened(verdict, 'temporary')
  if (verdict.type === 'hard' && evidence.phase === 'data' && (context.recipientCount ?? 1) > 1) return softened(verdict, 'unclassified')
  return verdict
}

/** Replies about a login, in whatever phase (RFC 4954 §6, RFC 5248 §2.4). */
const loginCodes = new Set([530, 534, 535, 538])

/** Rules, nested replies, our own addresses and the phase; the caller knows what a 4yz and the number of recipients mean. */
export function decide(evidence: Evidence, context: ReplyContext): Verdict {
  const loginRefused = evidence.code !== null && loginCodes.has(evidence.code)
  const verdict = byPhase(byRules(evidence, context), loginRefused ? 'auth' : evidence.phase)
  if (verdict.fault === 'network' || verdict.fault === 'sender' || verdict.fault === 'content') return verdict
  return namesUs(evidence, context) ? verdictOf('relay_config', 'names-our-address') : verdict
}

/** The same rule with a category that cannot block. */
export function softened(verdict: Verdict, category: 'temporary' | 'no_answer' | 'unclassified' | 'relay_config'): Verdict {
  return verdictOf(category, verdict.rule)
}

function byRules(evidence: Evidence, context: ReplyContext): Verdict {
  const rules = context.rules ?? shippedRules
  const found = rules.find(evidence)
  const dead = found !== null && categoryFacts[found.gives].type === 'hard'
  if (evidence.outer === null || (found && !dead)) return found ? verdictBy(found) : verdictOf('unclassified', 'none')
  const around = rules.find(
    // A report that quotes a reply we know took its status from there: it says nothing about the words around.
    readEvidence(evidence.outer, { phase: evidence.phase, host: evidence.host, reportStatus: found ? null : evidence.reportStatus }),
  )
  // "Sender address rejected: host said: 550 User unknown": the reply that is quoted was about the sender.
  if (found) return verdictBy(around && categoryFacts[around.gives].fault === 'sender' ? around : found)
  // The quoted reply said nothing we know. What stands around it may explain it, but cannot make the address dead.
  return around && categoryFacts[around.gives].type === 'soft' ? verdictBy(around) : verdictOf('unclassified', 'none')
}

function verdictBy({ gives, id, confirm, ttlDays }: Rule): Verdict {
  return verdictOf(gives, id, { ...(confirm ? { confirm } : {}), ...(ttlDays === undefined ? {} : { ttlDays }) })
}

/** Before RCPT no recipient has been named: a refusal is about the host, the login or the sender. */
function byPhase(verdict: Verdict, phase: Phase): Verdict {
  if (phase === 'rcpt' || phase === 'data' || phase === 'report' || verdict.fault !== 'recipient') return verdict
  if (verdict.category === 'mailbox_full') return softened(verdict, 'temporary')
  return softened(verdict, phase === 'mail' ? 'relay_config' : 'unclassified')
}

function namesUs(evidence: Evidence, { ours = [], recipient = null }: ReplyContext): boolean {
  const self = recipient?.toLowerCase()
  return ours.some(address => address.toLowerCase() !== self && evidence.addresses.includes(address.toLowerCase()))
}
