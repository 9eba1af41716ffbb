/**
 * The operator of a recipient's mail server: the unit of the surge guard (bounces.md, "Judgement").
 *
 * The organisational domain of Remote-MTA, else of the host that the diagnostic names, else of the address. Never of Reporting-MTA, which is
 * nearly always our own upstream. Below the suffixes that registries give
 * names out under; not those of hosting companies, whose servers have one operator.
 * Pure.
 */
import { getDomain } from 'tldts'
import { type AddressKey, domainKey, domainOfKey } from '../smtp/path.ts'

/** Names are checked and folded already; an underscore is right in them. */
const asIs = { extractHostname: false, validateHostname: false, allowPrivateDomains: false, detectIp: false }
const hostName = /^(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/
/** Postfix, Exim, Gmail, sendmail: "host mx.example.com[192.0.2.1] said:", "from mx.example.com", "by mx.example.com". */
const namedHost = /\b(?:host|from|by|server)\s+\[?([a-z0-9_.-]+\.[a-z0-9-]+)/gi

type Named = { readonly remoteMta: string | null; readonly evidence: string; readonly key: AddressKey }

/** Gives the operator that a return speaks of. */
export function operatorOf({ remoteMta, evidence, key }: Named): string {
  const remote = hostIn(remoteMta ?? '')
  if (remote) return organisationOf(remote)
  for (const [, host = ''] of evidence.slice(0, 2000).matchAll(namedHost)) {
    const named = hostIn(host)
    if (named) return organisationOf(named)
  }
  return organisationOf(domainOfKey(key))
}

/** `dns; mx.example.com (192.0.2.1)` and the like. */
function hostIn(text: string): string | null {
  const bare = domainKey(
    (
      text
        .replace(/^\s*[a-z0-9-]+\s*;\s*/i, '')
        .trim()
        .split(/[\s([]/)[0] ?? ''
    ).slice(0, 254),
  )
  return hostName.test(bare) ? bare : null
}

/** The part of a name that somebody registered (public suffix list); the name itself where it is none. */
export function organisationOf(domain: string): string {
  return getDomain(domain, asIs) ?? domain
}
