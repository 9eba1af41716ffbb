/**
 * What DNS says of the bounce domains and of the From domains: MX, SPF (RFC 7208), DMARC alignment (RFC 7489 §3.1), and who answers at port 25.
 */
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { getDomain } from 'tldts'
import type { Config } from '../../config/schema.ts'
import { createReturnPath, type ReturnPath } from '../../return-path/return-path.ts'
import { idLength } from '../../return-path/time-id.ts'
import { type Finding, findingsOf } from './finding.ts'
import type { Names } from './names.ts'
import { checkSpf } from './spf.ts'

export type NameChecks = {
  readonly names: Names
  readonly hostname: string
  /** Gives the greeting of whoever answers there; throws why nobody does. */
  readonly greetingOf: (address: string, port: number) => Promise<string>
}

const connectMs = 5_000

/** Checks every domain that return paths have: its MX, whether that leads here, and its SPF. */
export async function checkBounceDomains(config: Config, checks: NameChecks): Promise<Finding[]> {
  const dns = findingsOf('dns')
  if (config.upstream.host === null) return [dns.ok('the sandbox needs no DNS')]
  const returnPath = returnPathOf(config)
  if (returnPath.mode === 'keep') return [dns.ok("mail leaves with the CRM's own sender (returnPath.mode: keep): its DNS is as it was")]
  const found = await Promise.all(returnPath.domains.map(domain => checkBounceDomain(config, domain, returnPath.owns(domain), checks)))
  return found.flat()
}

/** `owns`: all of the domain is ours; else the company's mail server has it, and lends us sub-addresses. */
async function checkBounceDomain(config: Config, domain: string, owns: boolean, checks: NameChecks): Promise<Finding[]> {
  const { names, hostname } = checks
  const mx = findingsOf('dns.mx')
  const hosts = await names.mx(domain)
  const direct = hosts === null ? await names.addresses(domain) : null
  if (hosts === null && direct === null) {
    return [mx.problem(`${domain} has neither MX nor address: returned mail goes nowhere`, `publish: ${domain}. MX 10 ${hostname}.`)]
  }
  const spf = await checkSender(config, domain, names)
  const lead = (hosts ?? [domain]).join(', ')
  if (!owns) {
    const fix = `let ${lead} hand mail to the return paths (returnPath.address) to bounce.listen, or read their mailbox: intake.imap`
    return [mx.unknown(`${domain} → ${lead}, where return paths are sub-addresses of the company's own domain`, fix), ...spf]
  }
  const findings: Finding[] = [
    hosts === null
      ? mx.warning(`${domain} has no MX, only an address`, `publish: ${domain}. MX 10 ${hostname}. Some senders look for an MX only.`)
      : mx.ok(`${domain} → ${lead}`),
  ]
  for (const host of hosts ?? [domain]) findings.push(await checkHost(host, checks))
  return [...findings, ...spf]
}

/** The return paths as the relay makes them; no key of ours is needed to see their domains. */
function returnPathOf({ returnPath }: Config): ReturnPath {
  return createReturnPath({ ...returnPath, keys: [Buffer.alloc(32)] })
}

/** The domain of the return path that mail of this sender domain leaves with. */
function bounceDomainOf(returnPath: ReturnPath, sender: string): string {
  const address = returnPath.address('0'.repeat(idLength), `a@${sender}`)
  return address.slice(address.lastIndexOf('@') + 1)
}

async function checkHost(host: string, { names, hostname, greetingOf }: NameChecks): Promise<Finding> {
  const port25 = findingsOf('port25')
  const addresses = await names.addresses(host)
  if (addresses === null) return port25.problem(`${host} has no address`, `publish an A or AAAA of ${host} that leads to bounce.listen`)
  const [address = ''] = addresses
  const ours = Object.values(networkInterfaces()).flatMap(found => (found ?? []).map(one => one.address))
  const here = addresses.some(one => ours.includes(one))
  try {
    const greeting = await greetingOf(address, 25)
    if (greeting.toLowerCase().includes(hostname.toLowerCase()))
      return port25.ok(`${host} (${address}) greets as ${hostname}, seen from here`)
    return port25.problem(
      `at ${host} (${address}) port 25 somebody else answers: ${greeting}`,
      `let the MX of the bounce domain lead to rebond's bounce listener, or set hostname: to the name that is greeted with`,
    )
  } catch (err) {
    const fix = 'open port 25 to bounce.listen in firewall and router, and look from outside: telnet HOST 25'
    if (here) return port25.problem(`${host} (${address}) is this machine, and nobody answers at port 25: ${(err as Error).message}`, fix)
    return port25.unknown(
      `${host} (${address}) does not answer at port 25 from here, which a router may cause: ${(err as Error).message}`,
      fix,
    )
  }
}

async function checkSender({ upstream }: Config, domain: string, names: Names): Promise<Finding[]> {
  const spf = findingsOf('dns.spf')
  const addresses = (await names.addresses(upstream.host ?? '').catch(() => null)) ?? []
  const records = ((await names.txt(domain)) ?? []).filter(text => /^v=spf1/i.test(text))
  const example = `${domain}. TXT "v=spf1 ${addresses[0] ? `ip${addresses[0].includes(':') ? 6 : 4}:${addresses[0]}` : `a:${upstream.host}`} -all"`
  if (records.length === 0) {
    return [
      spf.problem(
        `${domain} has no SPF record: mail leaves with that envelope sender`,
        `publish, with the addresses upstream sends from: ${example}`,
      ),
    ]
  }
  if (records.length > 1) return [spf.problem(`${domain} has ${records.length} SPF records, which is an error`, 'keep one')]
  const results = await Promise.all(addresses.map(async address => [address, await checkSpf(names, domain, address)] as const))
  const refused = results.filter(([, result]) => result !== 'pass' && result !== 'unknown')
  if (refused.length === 0)
    return [spf.ok(`${domain} lets ${upstream.host} send (${addresses.join(', ') || 'no address to check'}): ${records[0]}`)]
  const said = refused.map(([address, result]) => `${address}: ${result}`).join(', ')
  return [
    spf.warning(
      `${domain} does not let ${upstream.host} itself send (${said})`,
      `add the addresses from which upstream sends out, if they are these: ${example}`,
    ),
  ]
}

/** Checks that DMARC stays aligned by SPF for these From domains. */
export async function checkAlignment(config: Config, froms: readonly string[], names: Names): Promise<Finding[]> {
  const dmarc = findingsOf('dns.dmarc')
  const returnPath = returnPathOf(config)
  if (returnPath.mode === 'keep') return []
  if (froms.length === 0)
    return [
      dmarc.unknown(
        'no From domain is known: the running server has passed no mail, or was not asked',
        'send a mail through rebond, then ask again',
      ),
    ]
  return await Promise.all(
    froms.map(async from => {
      const domain = bounceDomainOf(returnPath, from)
      const organisation = getDomain(from) ?? from
      const record = ((await names.txt(`_dmarc.${from}`)) ?? (await names.txt(`_dmarc.${organisation}`)) ?? []).find(text =>
        /^v=DMARC1/i.test(text),
      )
      if (record === undefined)
        return dmarc.warning(`${from} has no DMARC record`, `publish: _dmarc.${organisation}. TXT "v=DMARC1; p=none; rua=mailto:…"`)
      const strict = /(?:^|;)\s*aspf\s*=\s*s/i.test(record)
      const aligned = strict ? from === domain : organisation === (getDomain(domain) ?? domain)
      if (aligned) return dmarc.ok(`${from} and ${domain} are aligned by SPF (${record})`)
      return dmarc.warning(
        `${from} and ${domain} are not aligned by SPF${strict ? ' (aspf=s wants the same domain)' : ''}: DMARC then rests on DKIM alone`,
        strict
          ? `let _dmarc.${organisation} say aspf=r and the return path lie below ${organisation}, or sign with DKIM as ${organisation}`
          : `give the mail of ${from} a return path below ${organisation} (returnPath.domains, or returnPath.domain), or sign with DKIM as ${organisation}`,
      )
    }),
  )
}

/** Connects and reads the greeting. */
export function readGreeting(address: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port })
    socket.setTimeout(connectMs, () => socket.destroy(new Error('no answer within 5 seconds')))
    socket.once('data', piece => {
      resolve(piece.toString('latin1').split('\r\n', 1)[0] ?? '')
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection was closed without a word')))
  })
}
