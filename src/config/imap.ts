/**
 * `intake.imap`: mailboxes that are read for returns.
 *
 * Pure.
 */
import { z } from 'zod'
import { host, path, remotePort } from './fields.ts'
import { oauth2 } from './login.ts'
import { isLoopback } from './network.ts'

const folder = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\p{Cc}]+$/u, { error: 'must be the name of a folder' })

const mailbox = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, { error: 'must be a short name in lower-case letters, digits and hyphens' })
      .describe('names it in the log, the metrics and /readyz; changing it reads the mailbox anew'),
    host,
    port: remotePort.default(993),
    tls: z.enum(['implicit', 'starttls', 'none']).default('implicit').describe('none: to a loopback address only'),
    caFile: path.nullable().default(null).describe('authorities to trust instead of the public ones, PEM'),
    user: z.string().min(1),
    passwordFile: path.nullable().default(null),
    oauth2: oauth2.nullable().default(null).describe('{ tokenUrl, clientId, clientSecretFile, scope }, said as XOAUTH2'),
    folder: folder.default('INBOX'),
    processedFolder: folder
      .nullable()
      .default('Rebond')
      .describe('returns are moved there (made if missing); null: they stay where they are'),
    pollSeconds: z.number().min(5).max(3600).default(120).describe('looks again after so long, whatever IDLE says'),
  })
  .superRefine(({ host, tls, passwordFile, oauth2, folder, processedFolder }, ctx) => {
    const wrong = (key: string, message: string, input: unknown) => ctx.addIssue({ code: 'custom', path: [key], message, input })
    if ((passwordFile === null) === (oauth2 === null))
      wrong('passwordFile', 'must be a file when oauth2 is null, and null when it is set', passwordFile ?? 'null')
    if (tls === 'none' && host !== 'localhost' && !isLoopback(host))
      wrong('tls', 'must be implicit | starttls beyond loopback (the password would go in clear)', tls)
    if (folder === processedFolder) wrong('processedFolder', 'must be another folder than folder, or null', processedFolder)
  })

/** The section. */
export const mailboxes = z
  .array(mailbox)
  .max(20)
  .superRefine((given, ctx) => {
    for (const [index, { name }] of given.entries())
      if (given.findIndex(one => one.name === name) < index)
        ctx.addIssue({ code: 'custom', path: [index, 'name'], message: 'must be the name of one mailbox only', input: name })
  })
  .default([])

export type ImapConfig = z.output<typeof mailbox>
