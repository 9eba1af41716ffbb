/**
 * What no single key of the configuration can know: keys that contradict each other (contract.md, "Errors at start").
 * Pure.
 */
import type { Config } from './schema.ts'

/** One thing wrong: where, and a sentence that says what it must be and what it is. */
export type Problem = { readonly path: string; readonly message: string }

/** The return-path domain of the sandbox: right for a first look, wrong with a real upstream. */
const sandboxDomain = 'bounces.sandbox.test'

/** Lists every contradiction of a configuration whose keys are right one by one. */
export function contradictions(config: Config): Problem[] {
  const problems: Problem[] = []
  const wrong = (path: string, message: string) => problems.push({ path, message })
  if (config.upstream.host !== null && config.returnPath.mode === 'rewrite' && leavesFromSandbox(config)) {
    wrong(
      'returnPath.domain',
      `must be a domain of yours whose mail comes to the bounce listener, not ${sandboxDomain}, when upstream.host is set`,
    )
  }
  for (const [index, { address }] of config.returnPath.domains.entries()) {
    if ((address ?? config.returnPath.address).includes('{domain}')) continue
    const path = address === null ? 'returnPath.address' : `returnPath.domains[${index}].address`
    wrong(path, `must end in @{domain} when returnPath.domains names other domains, not ${address ?? config.returnPath.address}`)
  }
  if (config.http.tokens.length === 0) {
    if (!isLoopbackHost(config.http.listen.host)) {
      wrong(
        'http.tokens',
        `must hold a token when http.listen.host is not loopback, not [] with ${config.http.listen.host} (rebond token new makes one)`,
      )
    }
    if (config.http.publicUrl !== null)
      wrong('http.tokens', 'must hold a token when http.publicUrl is set, not [] (rebond token new makes one)')
  }
  if (config.store.kind === 'postgres') {
    if (config.store.url === null) wrong('store.url', 'must be a postgres:// URL when store.kind is postgres, not null')
    if (config.returnPath.keyFile === null) {
      wrong('returnPath.keyFile', 'must be a file that all nodes share when store.kind is postgres, not null')
    }
  }
  const tlsNeeded = (key: 'relay' | 'bounce') => {
    const { listen, tls } = config[key]
    if ((tls.certFile === null) !== (tls.keyFile === null)) wrong(`${key}.tls`, 'must name both certFile and keyFile, or neither')
    else if (tls.certFile === null && listen.some(one => one.tls !== 'none')) {
      wrong(`${key}.tls.certFile`, `must be a certificate file when a listener of ${key}.listen has tls, not null`)
    }
  }
  tlsNeeded('relay')
  tlsNeeded('bounce')
  if (config.relay.users.length > 0 && config.upstream.auth === null) {
    wrong('relay.users', "must be empty when upstream.auth is null, not a list: the CRM's log-in then passes through to upstream")
  }
  return problems
}

/** Mail would leave with the sandbox's return path: of a domain that is nobody's. */
function leavesFromSandbox({ returnPath: { address, domain } }: Config): boolean {
  return address.replace('{domain}', domain).toLowerCase().endsWith(`@${sandboxDomain}`)
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
