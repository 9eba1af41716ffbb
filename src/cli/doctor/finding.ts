/**
 * What the doctor found: one line of its report.
 *
 * Pure.
 */

export type Finding = {
  /** What was looked at: `upstream.tls`. */
  readonly check: string
  /** `unknown`: it could not be looked at from here. */
  readonly state: 'ok' | 'warning' | 'problem' | 'unknown'
  readonly said: string
  /** What to do; null: nothing. */
  readonly fix: string | null
}

/** Makes the findings of one check. */
export function findingsOf(check: string) {
  return {
    ok: (said: string): Finding => ({ check, state: 'ok', said, fix: null }),
    warning: (said: string, fix: string): Finding => ({ check, state: 'warning', said, fix }),
    problem: (said: string, fix: string): Finding => ({ check, state: 'problem', said, fix }),
    unknown: (said: string, fix: string | null = null): Finding => ({ check, state: 'unknown', said, fix }),
  }
}
