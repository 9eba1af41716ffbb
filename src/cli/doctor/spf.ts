/**
 * Does an SPF record let a host send (RFC 7208)? As much of `check_host` as needs no mail: ip4, ip6, a, mx, include, redirect, all.
 *
 * Mechanisms with macros and `exists` depend on the mail: with one of them that could match, the answer is `unknown`.
 */
import ipaddr from 'ipaddr.js'
import type { Names } from './names.ts'

export type SpfResult = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'permerror' | 'unknown'

/** RFC 7208 §4.6.4. */
const maxLookups = 10
const results = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const

/** Evaluates the SPF record of `domain` for one address. */
export function checkSpf(names: Names, domain: string, address: string): Promise<SpfResult> {
  return evaluate({ names, ip: ipaddr.process(address), lookups: { left: maxLookups } }, domain)
}

type Asked = { readonly names: Names; readonly ip: ipaddr.IPv4 | ipaddr.IPv6; readonly lookups: { left: number } }

async function evaluate(asked: Asked, domain: string): Promise<SpfResult> {
  const records = ((await asked.names.txt(domain)) ?? []).filter(text => /^v=spf1(?: |$)/i.test(text))
  const [record] = records
  if (record === undefined) return 'none'
  if (records.length > 1) return 'permerror'
  let redirect: string | null = null
  for (const term of record.split(/ +/).slice(1)) {
    const [, modifier, to = ''] = /^(redirect|exp)=(.*)$/i.exec(term) ?? []
    if (modifier?.toLowerCase() === 'redirect') redirect = to
    if (modifier !== undefined || term === '') continue
    const [, qualifier = '+', mechanism = '', value = ''] = /^([+?~-]?)([a-z0-9]+)[:]?(.*)$/i.exec(term) ?? []
    const matched = await matches(asked, mechanism.toLowerCase(), value, domain)
    if (matched === 'permerror' || matched === 'unknown') return matched
    if (matched) return results[(qualifier || '+') as keyof typeof results]
  }
  if (redirect === null) return 'neutral'
  if (asked.lookups.left-- <= 0) return 'permerror'
  const result = await evaluate(asked, redirect)
  return result === 'none' ? 'permerror' : result
}

async function matches(asked: Asked, mechanism: string, value: string, domain: string): Promise<boolean | 'permerror' | 'unknown'> {
  if (mechanism === 'all') return true
  if (value.includes('%')) return 'unknown'
  if (mechanism === 'ip4' || mechanism === 'ip6') return contains(value, asked.ip)
  if (asked.lookups.left-- <= 0) return 'permerror'
  const [, host = '', bits4, bits6] = /^([^/]*)(?:\/(\d+))?(?:\/\/(\d+))?$/.exec(value) ?? []
  const name = host === '' ? domain : host
  if (mechanism === 'include') {
    const result = await evaluate(asked, name)
    return result === 'none' ? 'permerror' : result === 'pass' ? true : result === 'permerror' || result === 'unknown' ? result : false
  }
  if (mechanism === 'a' || mechanism === 'mx') {
    const hosts = mechanism === 'a' ? [name] : ((await asked.names.mx(name)) ?? []).slice(0, maxLookups)
    for (const one of hosts) {
      for (const found of (await asked.names.addresses(one)) ?? []) {
        const bits = found.includes(':') ? (bits6 ?? '128') : (bits4 ?? '32')
        if (contains(`${found}/${bits}`, asked.ip)) return true
      }
    }
    return false
  }
  return mechanism === 'exists' || mechanism === 'ptr' ? 'unknown' : 'permerror'
}

function contains(network: string, ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const whole = network.includes('/') ? network : `${network}/${network.includes(':') ? 128 : 32}`
  if (!ipaddr.isValidCIDR(whole)) return false
  const [base, bits] = ipaddr.parseCIDR(whole)
  return base.kind() === ip.kind() && ip.match(base, bits)
}
