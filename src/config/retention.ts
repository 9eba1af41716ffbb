/**
 * `retention`: how long each kind of record is kept (bounces.md, "Forget").
 *
 * Pure.
 */
import { z } from 'zod'

const days = (kept: number, says: string) => z.number().positive().max(36_500).nullable().default(kept).describe(`${says}; null: for ever`)

export const retention = z
  .strictObject({
    rawDays: days(30, 'returned mail as it came'),
    trimForwarded: z
      .boolean()
      .default(true)
      .describe(
        'of returned mail that was passed on, or need not be, only the words for people, the delivery status and the headers of the original are kept',
      ),
    journalDays: days(90, 'mails that passed: returns of older ones no longer count'),
    returnsDays: days(400, 'returns and their verdicts'),
    deadLetterDays: days(30, 'returned mail that could not be forwarded'),
    auditDays: days(400, 'who did what'),
    changesDays: days(90, 'the change feed'),
    webhookDays: days(30, 'the log of webhooks'),
    listDays: days(400, 'counters of lists, campaigns and failing domains; a list, from its last mail'),
    addressDays: days(400, 'what is known of an address that is not blacklisted, from the last thing that happened to it'),
  })
  .prefault({})
