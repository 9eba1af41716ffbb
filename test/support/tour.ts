/**
 * What the README's tour of six steps comes to, whoever takes it: by curl, by command line, or by clicks. All three are held against this.
 */

/** The address whose server accepts the mail and returns it later. */
export const tourist = 'unknown-late@sandbox.test'

/** 1 and 6: the mail passes. */
export const passes = /^250 2\.0\.0 Ok: queued as /

/** 2 and 4: why it is blacklisted, as the API and `--json` say it. */
export const tourReason = {
  category: 'invalid_address',
  type: 'hard',
  fault: 'recipient',
  rule: 'user-unknown',
  evidence: `550 5.1.1 <${tourist}>: Recipient address rejected: User unknown`,
} as const

/** 3: what the CRM reads; gives the id of the return that the refusal names, null when it reads otherwise. */
export function refOf(reply: string): string | null {
  const [before, after] = [`550 5.1.1 <${tourist}> is blacklisted since `, `: mailbox does not exist ("${tourReason.evidence}"); ref `]
  const [, ref = null] =
    /^\d{4}-\d\d-\d\d(?:.*)ref (\S+); ask the administrator of rebond to lift it$/.exec(reply.slice(before.length)) ?? []
  return reply.startsWith(before) && reply.slice(before.length + 10).startsWith(after) ? ref : null
}

/** 5: what it is afterwards, until the third mail has come back too. */
export const unblocked = { address: tourist, status: 'unknown', reason: null } as const
