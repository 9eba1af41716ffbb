/**
 * Who did what, and why: the entries of the audit.
 * Pure.
 */
import type { AddressKey } from '../smtp/path.ts'

/** What can be done. `confirm`, `release`: of a return, or of an incident with all it holds; `close`: an incident ended by itself; `disable`, `enable`, `replay`: of a webhook endpoint. */
export const auditOps = [
  'block',
  'unblock',
  'confirm',
  'dismiss',
  'release',
  'close',
  'revert',
  'retry',
  'disable',
  'enable',
  'replay',
  'import',
  'erase',
  'rejudge',
] as const

export type AuditOp = (typeof auditOps)[number]

/** `hand`: a person or a key; `return`: a returned mail or reply; `rebond`: rebond itself, as time went by. */
export const auditActors = ['hand', 'return', 'rebond'] as const

export type AuditActor = (typeof auditActors)[number]

/** Who did what, append-only. */
export type AuditEntry = {
  readonly at: number
  readonly op: AuditOp
  readonly actor: AuditActor
  readonly by: string | null
  /** The address it was done to; null: it was done to something else, which `subject` names. */
  readonly key: AddressKey | null
  /** Such as `incident 06g…`, `mail 06g…`, `webhook crm`. Absent: the address is all. */
  readonly subject?: string
  readonly why: string
}
