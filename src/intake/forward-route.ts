/**
 * Where forwarded mail goes, and how we get in: `bounce.forwardVia`, else upstream, else (in a sandbox) the sandbox.
 */
import type { Config } from '../config/schema.ts'

export type ForwardAddress = { readonly host: string; readonly port: number }

export type ForwardRoute = {
  /** The key of the configuration it comes from. */
  readonly key: 'bounce.forwardVia' | 'upstream'
  /** Asked for at each connection: the sandbox has no port before it listens. */
  readonly address: () => ForwardAddress
  readonly tls: Config['upstream']['tls']
  readonly caFile: string | null
  /** Name the certificate must carry; null: the host. */
  readonly serverName: string | null
  readonly auth: Config['upstream']['auth']
  readonly allowCleartextAuth: boolean
}

/** Finds the route; `upstreamAddress` says where upstream, or the sandbox in its place, is. */
export function forwardRoute(
  { bounce, upstream }: Pick<Config, 'bounce' | 'upstream'>,
  upstreamAddress: () => ForwardAddress,
): ForwardRoute {
  const { forwardVia } = bounce
  if (forwardVia === null) return { ...upstream, key: 'upstream', address: upstreamAddress }
  const { host, port, tls, auth } = forwardVia
  return { key: 'bounce.forwardVia', address: () => ({ host, port }), tls, caFile: null, serverName: null, auth, allowCleartextAuth: false }
}
