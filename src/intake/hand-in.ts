/**
 * Returned mail that is handed in by a program instead of by SMTP (`POST /v1/reports`, `rebond ingest`): a Postfix pipe, getmail, sieve, procmail.
 *
 * Grades (bounces.md, "Judgement"): whoever may hand in mail may also say which host it came from, as a front server does by XFORWARD; a mail proves
 * itself only if that host is one of `bounce.reporters`, or if it was born at the mail server that hands it in (`local`). When nobody says, it proves
 * nothing by its origin: `single` about a mail with one recipient, else `claimed`.
 */
import type { ReturnPath } from '../return-path/return-path.ts'
import type { StoredReport } from '../store/return-records.ts'
import { type Acceptance, type Destination, unmatched } from './acceptance.ts'
import type { Reporters } from './reporters.ts'
import { readAddress, tokenInMail } from './token-in-mail.ts'

export type HandedIn = {
  readonly raw: Buffer
  /** The return path it came to, as the envelope had it; null: it is looked for in the mail. */
  readonly recipient: string | null
  /** Its envelope sender; null: not known. */
  readonly sender: string | null
  /** The host that brought it, or `local`: it was born where it is handed in; null: not known. */
  readonly client: string | null
}

export type HandInResult =
  | {
      readonly ok: true
      readonly report: StoredReport /** null: it has no token, and is kept and shown all the same. */
      readonly messageId: string | null
    }
  /** `foreign`, `forged`, `expired`: of the recipient that was given; `spent`: so much mail is not taken now. */
  | { readonly ok: false; readonly why: 'foreign' | 'forged' | 'expired' | 'spent' }

/** Takes a mail; durable when it resolves. @throws {StoreUnavailable} */
export type HandIn = (mail: HandedIn) => Promise<HandInResult>

export type HandInDeps = {
  readonly acceptance: Acceptance
  readonly returnPath: Pick<ReturnPath, 'read' | 'domains'>
  readonly reporters: Pick<Reporters, 'identify'>
  readonly now: () => number
}

/** Makes it. */
export function createHandIn({ acceptance, returnPath, reporters, now }: HandInDeps): HandIn {
  async function originOf(client: string | null): Promise<Pick<StoredReport, 'client' | 'fromReporter'>> {
    if (client === null) return { client: { address: 'unknown', host: null }, fromReporter: false }
    if (client === 'local') return { client: { address: 'local', host: null }, fromReporter: true }
    const { host, reporter } = await reporters.identify(client)
    return { client: { address: client, host }, fromReporter: reporter }
  }

  return async ({ raw, recipient, sender, client }) => {
    const reading = recipient === null ? tokenInMail(raw, returnPath, now()) : readAddress(recipient, returnPath, now())
    if (recipient !== null && reading && !reading.ok) return { ok: false, why: reading.why }
    const messageId = reading?.ok ? reading.id : null
    const destination: Destination = messageId ?? unmatched
    const arrival = { raw, sender: sender ?? '', ...(await originOf(client)), via: 'api' }
    const accepted = await acceptance.accept([destination], arrival)
    const [report] = accepted.ok ? accepted.reports : []
    return report ? { ok: true, report, messageId } : { ok: false, why: 'spent' }
  }
}
