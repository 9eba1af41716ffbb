/**
 * The operator of a recipient's mail server: the unit of the surge guard (bounces.md, "Judgement").
 *
 * The organisational domain of Remote-MTA, else of the host that the diagnostic names, else of the address. Never of Reporting-MTA, which is
 * nearly always our own upstream. Without the list of public suffixes: two labels, or three where the second is one that registries use.
 * Pure.
 */
import { type AddressKey, domainKey, domainOfKey } from '../smtp/path.ts'

/** Second labels under which registries give out names, as in `example.co.uk`. */
const registryLabels = new Set(
  'ac asso biz co com edu firm gen go gob gouv gov govt gv id info lg ltd mil ne net nhs nom or org plc police sch school web'.split(' '),
)
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

/** The part of a name that somebody registered. */
export function organisationOf(domain: string): string {
  const labels = domain.split('.')
  const last = labels.at(-1) ?? ''
  const second = labels.at(-2) ?? ''
  return labels.slice(last.length === 2 && registryLabels.has(second) ? -3 : -2).join('.')
}
