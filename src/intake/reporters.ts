/**
 * Reporters: hosts whose reports prove themselves (bounce.reporters), because they are ours or our upstream's.
 *
 * Networks, the addresses of upstream.host, and names. A name counts by forward-confirmed reverse DNS (RFC 8601 §2.7.3 describes it): the
 * address names a host, and the host's own addresses hold that address. Lookups are made only when names are configured, bounded in number
 * and time, and remembered. When DNS does not answer, the host is no reporter for the moment: its reports are kept, and claim less.
 */
import { Resolver } from 'node:dns/promises'
import { isNetwork, networkMatcher } from '../config/network.ts'
import type { Log } from '../observe/log.ts'

export type Identity = {
  readonly reporter: boolean
  /** Its confirmed name; null when it was not looked up, or has none. */
  readonly host: string | null
}

/** The two questions asked of DNS; a name or address that does not exist rejects. */
export type Names = {
  namesOf(address: string): Promise<readonly string[]>
  addressesOf(name: string): Promise<readonly string[]>
}

export type Reporters = {
  /** What is known without asking anybody: a host that is a reporter by its name is known once it has been identified. */
  knows(address: string): boolean
  identify(address: string): Promise<Identity>
  /** Looks the upstream's addresses up again; keeps the old ones when that fails. */
  refresh(): Promise<void>
}

export type ReportersOptions = {
  /** Networks, or names: `mail.example.com`, `*.outbound.example.com`. */
  readonly entries: readonly string[]
  readonly upstreamAddresses?: (() => Promise<readonly string[]>) | undefined
  readonly names?: Names | undefined
  readonly now: () => number
  readonly log: Log
}

const stranger: Identity = { reporter: false, host: null }
const maxRemembered = 10_000
const maxLookups = 50
/** Names that one address may give before the rest is not looked at. */
const maxNames = 5
const confirmedForMs = 3_600_000
const deniedForMs = 300_000
const failedForMs = 30_000
/** Upstream's addresses are looked up again when they are older. */
const upstreamForMs = 300_000

export function createReporters({ entries, upstreamAddresses, names = dnsNames(), now, log }: ReportersOptions): Reporters {
  const isListed = networkMatcher(entries.filter(isNetwork))
  const patterns = entries.filter(entry => !isNetwork(entry)).map(foldName)
  const remembered = new Map<string, { readonly identity: Identity; readonly until: number }>()
  const asked = new Map<string, Promise<Identity>>()
  let isUpstream: (address: string) => boolean = () => false
  let upstreamAt = Number.NEGATIVE_INFINITY

  const matches = (name: string) =>
    patterns.some(pattern => (pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern))

  async function refresh(): Promise<void> {
    if (!upstreamAddresses) return
    upstreamAt = now()
    try {
      isUpstream = networkMatcher(await upstreamAddresses())
    } catch (err) {
      log.warn({ err }, "the addresses of upstream.host could not be looked up; those known before are still upstream's")
    }
  }

  function knows(address: string): boolean {
    if (isListed(address) || isUpstream(address)) return true
    const known = remembered.get(address)
    return known ? known.identity.reporter && known.until > now() : false
  }

  async function ask(address: string): Promise<Identity> {
    let identity = stranger
    let forMs = deniedForMs
    try {
      for (const name of (await names.namesOf(address)).slice(0, maxNames).map(foldName).filter(matches)) {
        const confirmed = networkMatcher(await names.addressesOf(name))
        if (!confirmed(address)) continue
        identity = { reporter: true, host: name }
        forMs = confirmedForMs
        break
      }
    } catch (err) {
      if (!isAbsence(err)) forMs = failedForMs
    }
    remembered.delete(address)
    for (const oldest of remembered.keys()) {
      if (remembered.size < maxRemembered) break
      remembered.delete(oldest)
    }
    remembered.set(address, { identity, until: now() + forMs })
    return identity
  }

  return {
    knows,
    refresh,
    async identify(address) {
      if (now() - upstreamAt > upstreamForMs) void refresh()
      if (isListed(address) || isUpstream(address)) return { reporter: true, host: null }
      if (patterns.length === 0) return stranger
      const known = remembered.get(address)
      if (known && known.until > now()) return known.identity
      const already = asked.get(address)
      if (already) return already
      if (asked.size >= maxLookups) return stranger
      const asking = ask(address).finally(() => asked.delete(address))
      asked.set(address, asking)
      return asking
    },
  }
}

/** DNS by the system's servers, at most some seconds a question. */
function dnsNames(): Names {
  const resolver = new Resolver({ timeout: 1500, tries: 2 })
  return {
    namesOf: address => resolver.reverse(address),
    async addressesOf(name) {
      const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
      return found.flatMap(one => (one.status === 'fulfilled' ? one.value : []))
    },
  }
}

function foldName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

/** The name or address does not exist: an answer, not a failure of DNS. */
function isAbsence(err: unknown): boolean {
  return err instanceof Error && 'code' in err && (err.code === 'ENOTFOUND' || err.code === 'ENODATA')
}
