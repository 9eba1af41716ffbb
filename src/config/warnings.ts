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
  return [...forwardingWithoutLogin(config), ...noWayIn(config)]
}

/** In mode keep returns go to the CRM's own sender: the bounce listener never sees them. */
function noWayIn({ returnPath, intake, http }: Config): Problem[] {
  const handedIn = http.tokens.some(({ scopes }) => scopes.includes('ingest') || scopes.includes('admin'))
  const told = Object.values(intake.providers).some(one => typeof one === 'object' && one !== null)
  if (returnPath.mode !== 'keep' || intake.imap.length > 0 || told || handedIn) return []
  const message =
    "keep needs a way for returns to come in, and none is configured: they go to the CRM's own sender. Set intake.imap to read its mailbox, or intake.providers to be told by the provider, or hand them in " +
    '(rebond ingest, POST /v1/reports; a token of scope ingest); else only refusals in the session are judged'
  return [{ path: 'returnPath.mode', message }]
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
