/**
 * What one token may bring: every recipient of a mail finds it in Return-Path, so it must not be a way to fill our disk (bounces.md, "The
 * return path"). At most 5 + 3 × recipients reports, and none after 20 MB (so that one large return of a large mail always gets in).
 *
 * The store counts what was kept. What it said is remembered for a minute and counted on here, so that sessions at the same time cannot spend
 * the same allowance twice; another node on the same store may add as much as it accepts in that minute.
 */
import type { Store } from '../store/store.ts'

const baseReports = 5
const reportsPerRecipient = 3
const maxTokenOctets = 20_000_000
const rememberedForMs = 60_000
const maxRemembered = 10_000

export type TokenBudget = {
  /** Says whether a token may bring another report. @throws {StoreUnavailable} */
  allows(messageId: string): Promise<boolean>
  /** Spends a report of `octets`; `giveBack` is for one that was not kept after all. null: the token may bring no more. @throws {StoreUnavailable} */
  spend(messageId: string, octets: number): Promise<{ giveBack(): void } | null>
}

type Use = { reports: number; octets: number; readonly maxReports: number; readonly until: number }

/** Makes the budget of all tokens. */
export function createTokenBudget(store: Pick<Store, 'message' | 'tokenUse'>, now: () => number): TokenBudget {
  /** In the order in which they were read. */
  const remembered = new Map<string, Use>()

  async function useOf(messageId: string): Promise<Use> {
    const known = remembered.get(messageId)
    if (known && known.until > now()) return known
    const [message, { reports, octets }] = await Promise.all([store.message(messageId), store.tokenUse(messageId)])
    // Another session may have asked meanwhile, and spent since.
    const newer = remembered.get(messageId)
    if (newer && newer.until > now()) return newer
    const maxReports = baseReports + reportsPerRecipient * Math.max(1, message?.recipients.length ?? 1)
    const use: Use = { reports, octets, maxReports, until: now() + rememberedForMs }
    remembered.delete(messageId)
    for (const [id, { until }] of remembered) {
      if (remembered.size < maxRemembered && until > now()) break
      remembered.delete(id)
    }
    remembered.set(messageId, use)
    return use
  }

  const isSpent = (use: Use) => use.reports >= use.maxReports || use.octets >= maxTokenOctets

  return {
    async allows(messageId) {
      return !isSpent(await useOf(messageId))
    },
    async spend(messageId, octets) {
      const use = await useOf(messageId)
      if (isSpent(use)) return null
      use.reports++
      use.octets += octets
      return {
        giveBack() {
          use.reports--
          use.octets -= octets
        },
      }
    },
  }
}
