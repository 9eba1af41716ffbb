/**
 * Is a request from this machine, by a program or a person on it? Without tokens that is all that protects the API.
 *
 * A reverse proxy on the same machine makes strangers look local, and a web page of another site can make a browser on this machine ask
 * (cross-site requests, DNS rebinding): both give themselves away by their header fields.
 * Pure.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from '../config/network.ts'

/** Header fields that proxies add: RFC 7239, RFC 9110 §7.6.3, and the customary ones. */
const isProxyField = (name: string): boolean =>
  name === 'forwarded' || name === 'via' || name === 'x-real-ip' || name.startsWith('x-forwarded-')

/** Gives the reason why a request is not from this machine; null when it is. `peer` is the address of its socket. */
export function whyNotLocal(peer: string, headers: IncomingHttpHeaders): string | null {
  if (!isLoopback(peer)) return 'it comes from another machine'
  const proxied = Object.keys(headers).find(isProxyField)
  if (proxied) return `it passed a proxy (it has a ${proxied} header)`
  const host = headers.host ?? ''
  if (!isLoopbackHost(host)) return 'its Host header does not name this machine'
  if (headers['sec-fetch-site'] === 'cross-site') return 'a page of another site made it (Sec-Fetch-Site)'
  const { origin } = headers
  if (origin !== undefined && origin.toLowerCase() !== `http://${host}`.toLowerCase()) return 'a page of another site made it (Origin)'
  return null
}

/** `localhost`, 127.0.0.0/8 or [::1], with or without a port. */
function isLoopbackHost(host: string): boolean {
  const name = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/.exec(host)?.[1]?.toLowerCase()
  if (name === undefined) return false
  return name === 'localhost' || isLoopback(name.replace(/^\[|\]$/g, ''))
}
