/**
 * `webhooks`: who is told what happens, where, and with which secret (Standard Webhooks, https://www.standardwebhooks.com).
 *
 * Pure.
 */
import { z } from 'zod'
import { isLoopback } from './network.ts'

/** What can be told; doc/webhooks.md shows each. */
export const webhookEvents = [
  'address.blacklisted',
  'address.unblocked',
  'mail.returned',
  'return.unclassified',
  'incident.opened',
  'incident.closed',
] as const

export type WebhookEvent = (typeof webhookEvents)[number]

const endpoint = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, { error: 'must be a short name in lower-case letters, digits and hyphens' })
      .describe('names it in the API, the log and the metrics'),
    url: z
      .url({ protocol: /^https?$/, error: 'must be an https URL' })
      .refine(text => new URL(text).username === '' && new URL(text).password === '', {
        error: 'must hold no user and no password (the signature proves that it is us)',
      })
      .describe('https; http only to loopback, or with allowPrivate'),
    secretFiles: z
      .array(z.string().min(1))
      .min(1)
      .describe('whsec_ and base64 of 24 to 64 octets each; with several, all of them sign (rotation); read again at SIGHUP'),
    events: z
      .array(z.enum(webhookEvents))
      .min(1)
      .default([...webhookEvents])
      .describe('what it is told'),
    allowPrivate: z.boolean().default(false).describe('it may lie at a loopback, private or otherwise not public address'),
  })
  .superRefine(({ url, allowPrivate }, ctx) => {
    if (!URL.canParse(url)) return
    const { protocol, hostname } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    if (protocol === 'http:' && !allowPrivate && host !== 'localhost' && !isLoopback(host))
      ctx.addIssue({
        code: 'custom',
        path: ['url'],
        message: 'must be an https URL (http only to loopback, or with allowPrivate)',
        input: url,
      })
  })

/** The section. */
export const webhooks = z
  .array(endpoint)
  .max(20)
  .superRefine((endpoints, ctx) => {
    for (const [index, { name }] of endpoints.entries())
      if (endpoints.findIndex(one => one.name === name) < index)
        ctx.addIssue({ code: 'custom', path: [index, 'name'], message: 'must be the name of one endpoint only', input: name })
  })
  .default([])

export type WebhookEndpoint = z.output<typeof endpoint>
