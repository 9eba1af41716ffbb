/**
 * So many mails and octets an hour, for mail that no token vouches for: postmaster@ must be accepted (RFC 5321 §4.5.1), and whatever is
 * accepted is kept.
 */

const hourMs = 3_600_000

export type Allowance = {
  /** Spends one mail of `octets`; `giveBack` is for one that was not kept after all. null: the hour's are used up. */
  spend(octets: number): { giveBack(): void } | null
}

/** Makes an allowance that begins anew an hour after the first mail it counted. */
export function createAllowance(mails: number, octets: number, now: () => number): Allowance {
  let began = Number.NEGATIVE_INFINITY
  let left = { mails, octets }
  return {
    spend(wanted) {
      if (now() - began >= hourMs) {
        began = now()
        left = { mails, octets }
      }
      const hour = left
      if (hour.mails < 1 || hour.octets < wanted) return null
      hour.mails--
      hour.octets -= wanted
      return {
        giveBack() {
          hour.mails++
          hour.octets += wanted
        },
      }
    },
  }
}
