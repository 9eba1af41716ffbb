/**
 * Mail that rebond owes: returns to be passed on to those who sent the mail. Times are milliseconds since 1970 (UTC).
 * Pure.
 */

/** A mail we owe: a report that is to be forwarded to the original sender. */
export type OutboxItem = {
  readonly id: string
  readonly reportId: string
  readonly to: string
  /** When it became owed, or was last asked for again: its age counts from here. */
  readonly since: number
  readonly dueAt: number
  readonly attempts: number
  /** The server's words, or ours; cleaned of control characters. */
  readonly lastError: string | null
  /** A try began whose end is not known: the mail may have arrived already. */
  readonly inDoubt: boolean
  /** When it was given up: a dead letter, kept to be seen, and sent when somebody asks for it; null: it is waiting. */
  readonly deadAt: number | null
}

export const outboxStates = ['waiting', 'dead'] as const

export type OutboxState = (typeof outboxStates)[number]

/** Says whether a mail that we owe is waiting to be sent or was given up. */
export function outboxState({ deadAt }: OutboxItem): OutboxState {
  return deadAt === null ? 'waiting' : 'dead'
}
