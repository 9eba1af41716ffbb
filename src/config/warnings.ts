/**
 * What a configuration may be, and yet is probably not meant to be (contract.md, "Warnings"), as far as the configuration alone tells.
 * Pure.
 */
import type { Problem } from './contradictions.ts'
import type { Config } from './schema.ts'

/** Ports of message submission, where servers ask for a log-in (RFC 6409 §4.3, RFC 8314). */
const submissionPorts: readonly number[] = [465, 587]

/** Lists the warnings, each a sentence behind its key. */
export function warningsOf(config: Config): Problem[] {
  return [...forwardingWithoutLogin(config)]
}

function forwardingWithoutLogin({ bounce, upstream }: Config): Problem[] {
  if (bounce.forwardTo === 'none' && bounce.postmaster === null) return []
  const [key, route] = bounce.forwardVia ? (['bounce.forwardVia', bounce.forwardVia] as const) : (['upstream', upstream] as const)
  if (route.host === null || route.auth !== null || !submissionPorts.includes(route.port)) return []
  const path = bounce.forwardVia ? 'bounce.forwardVia.auth' : 'bounce.forwardVia'
  const message =
    `${key} (port ${route.port}) probably wants a log-in, and none is configured for forwarding returned mail: the CRM's own log-in is only ` +
    `passed through. Set ${key}.auth${key === 'upstream' ? ', or bounce.forwardVia with auth,' : ''} or bounce.forwardTo: none`
  return [{ path, message }]
}
