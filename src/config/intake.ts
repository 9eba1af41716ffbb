/**
 * `intake`: ways in which returned mail comes that are not SMTP.
 *
 * Pure.
 */
import { z } from 'zod'
import { mailboxes } from './imap.ts'
import { providers } from './provider-intake.ts'

/** The section. */
export const intake = z
  .strictObject({
    imap: mailboxes.describe('mailboxes that are read for returns; other mail in them is left untouched and unread'),
    providers: providers.describe('mail providers whose web hooks POST /v1/intake/NAME takes; null: it does not'),
  })
  .prefault({})
