/**
 * A log-in of ours at another server.
 *
 * Pure.
 */
import { z } from 'zod'
import { path } from './fields.ts'
import { isLoopback } from './network.ts'

/** A client's secret goes there. */
const tokenUrl = z.url().refine(
  text => {
    const { protocol, hostname } = new URL(text)
    return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[|\]$/g, '')))
  },
  { error: 'must be an https URL (http only to a loopback address)' },
)

/** OAuth 2 client credentials (RFC 6749 §4.4). */
export const oauth2 = z.strictObject({ tokenUrl, clientId: z.string().min(1), clientSecretFile: path, scope: z.string().min(1) })

/** How we log in to another server: `{ user, passwordFile }`, or OAuth 2 client credentials (RFC 6749 §4.4). */
export const login = z.union(
  [
    z.strictObject({ user: z.string().min(1), passwordFile: path }),
    z.strictObject({
      user: z.string().min(1),
      oauth2,
    }),
  ],
  { error: 'must be { user, passwordFile } or { user, oauth2: { tokenUrl, clientId, clientSecretFile, scope } }' },
)
