/**
 * Who may come in, and how fast: bounds on sessions, connections, recipients and memory, in total and per client network (/24 of IPv4,
 * /64 of IPv6: what one customer of a provider is given). Reporters are exempt from what is per network, and a tenth of the sessions and half
 * of the memory are theirs alone, so that no crowd of strangers keeps our own upstream out.
 */
import ipaddr from 'ipaddr.js'

export type GateLimits = {
  readonly maxSessions: number
  readonly maxSessionsPerNetwork: number
  readonly connectionsPerMinute: number
  /** RCPT commands; a refused one costs `refusedCost`. */
  readonly recipientsPerMinute: number
  readonly refusedCost: number
  /** Octets of messages in memory, all sessions together. */
  readonly maxHeldBytes: number
}

export type Entry =
  | { readonly ok: true; readonly leave: () => void }
  | { readonly ok: false; readonly why: 'sessions' | 'network' | 'rate' }

export type Gate = {
  enter(address: string): Entry
  /** Counts one RCPT; false: too many lately. */
  mayName(address: string): boolean
  /** Counts a refused RCPT. */
  refused(address: string): void
  /** Takes memory for a message and gives what frees it, to be called once; null: there is none left. */
  hold(address: string, octets: number): (() => void) | null
}

type Network = { sessions: number; connections: number; recipients: number; at: number }

const minuteMs = 60_000
/** Networks remembered before those that have been quiet for a minute are forgotten. */
const sweepAt = 10_000

/** Makes a gate; `isReporter` says who is exempt. */
export function createGate(limits: GateLimits, isReporter: (address: string) => boolean, now: () => number): Gate {
  const networks = new Map<string, Network>()
  const strangersSessions = Math.max(1, Math.floor(limits.maxSessions * 0.9))
  const sessions = { reporters: 0, strangers: 0 }
  const held = { reporters: 0, strangers: 0 }
  let sweepAbove = sweepAt

  function networkAt(address: string): Network {
    const key = networkOf(address)
    const at = now()
    let network = networks.get(key)
    if (!network) {
      if (networks.size >= sweepAbove) sweep(at)
      network = { sessions: 0, connections: limits.connectionsPerMinute, recipients: limits.recipientsPerMinute, at }
      networks.set(key, network)
    }
    const minutes = Math.max(0, at - network.at) / minuteMs
    network.connections = Math.min(limits.connectionsPerMinute, network.connections + minutes * limits.connectionsPerMinute)
    network.recipients = Math.min(limits.recipientsPerMinute, network.recipients + minutes * limits.recipientsPerMinute)
    network.at = at
    return network
  }

  /** Forgets networks that owe nothing: after a quiet minute a new record says the same. */
  function sweep(at: number): void {
    for (const [key, network] of networks) if (network.sessions === 0 && at - network.at >= minuteMs) networks.delete(key)
    sweepAbove = Math.max(sweepAt, networks.size * 2)
  }

  return {
    enter(address) {
      const reporter = isReporter(address)
      const all = sessions.reporters + sessions.strangers
      if (all >= limits.maxSessions || (!reporter && sessions.strangers >= strangersSessions)) return { ok: false, why: 'sessions' }
      if (reporter) {
        sessions.reporters++
        return { ok: true, leave: () => sessions.reporters-- }
      }
      const network = networkAt(address)
      if (network.sessions >= limits.maxSessionsPerNetwork) return { ok: false, why: 'network' }
      if (network.connections < 1) return { ok: false, why: 'rate' }
      network.connections--
      network.sessions++
      sessions.strangers++
      return {
        ok: true,
        leave: () => {
          network.sessions--
          sessions.strangers--
        },
      }
    },
    mayName(address) {
      if (isReporter(address)) return true
      const network = networkAt(address)
      if (network.recipients < 1) return false
      network.recipients--
      return true
    },
    refused(address) {
      if (!isReporter(address)) networkAt(address).recipients -= limits.refusedCost - 1
    },
    hold(address, octets) {
      const side = isReporter(address) ? 'reporters' : 'strangers'
      if (side === 'strangers' && held.strangers + octets > limits.maxHeldBytes / 2) return null
      if (held.reporters + held.strangers + octets > limits.maxHeldBytes) return null
      held[side] += octets
      return () => {
        held[side] -= octets
      }
    },
  }
}

/** The network an address counts with; text that is no address is a network of its own. */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/, '')
  if (!ipaddr.isValid(bare)) return address
  const ip = ipaddr.process(bare)
  return ip.kind() === 'ipv4' ? ip.toByteArray().slice(0, 3).join('.') : ip.toByteArray().slice(0, 8).join('.')
}
