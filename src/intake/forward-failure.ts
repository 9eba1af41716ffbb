/**
 * What a failed try to forward means: for this mail, or for the whole way there; for good, or for now (RFC 5321 §4.2.1, §4.5.4.1).
 * Pure.
 */
import { cleanWords } from '../judge/clean-words.ts'

/** As nodemailer reports trouble, as far as it is looked at. */
export type SmtpTrouble = Error & {
  readonly code?: string | undefined
  /** `MAIL FROM`, `RCPT TO`, `DATA`; `AUTH …`, `CONN` and others for the session. */
  readonly command?: string | undefined
  /** The server's reply, all lines. */
  readonly response?: string | undefined
  readonly responseCode?: number | undefined
}

export type ForwardFailure = {
  /** `mail`: another mail may fare better; `route`: none would, now. */
  readonly of: 'mail' | 'route'
  /** Trying again would give the same reply. */
  readonly permanent: boolean
  /** The server's words, or ours. */
  readonly words: string
  readonly code: number | null
  /** The server refused the sender; what to do about it is in `words` too. */
  readonly advice: string | null
  /** The message was on its way and no reply came: it may have arrived. */
  readonly inDoubt: boolean
}

const transaction: readonly (string | undefined)[] = ['MAIL FROM', 'RCPT TO', 'DATA']
const serviceNotAvailable = 421
const badSequence = 503
/** Longest words of a server kept with a mail. */
const maxWords = 300

const firstRetryMs = 60_000
const longestRetryMs = 4 * 3_600_000
const firstRestMs = 1_000
const longestRestMs = 300_000

/** Reads what went wrong. `bodyGiven`: the whole message had been given to the connection; `from`: the sender, empty for `<>`. */
export function forwardFailure(err: SmtpTrouble, bodyGiven: boolean, from: string): ForwardFailure {
  const { command, responseCode: code = null } = err
  const ofMail = code === null ? err.code === 'EENVELOPE' || err.code === 'EMESSAGE' : transaction.includes(command)
  const ours = ofMail && code !== serviceNotAvailable
  const refused = code !== null && code >= 500
  const advice = refused && command === 'MAIL FROM' ? adviceFor(code, err.response ?? '', from) : null
  const words = cleanWords(code === null ? err.message : (err.response ?? err.message), maxWords)
  return {
    of: ours ? 'mail' : 'route',
    // Out of sequence says that the session was not where we thought; to MAIL, the first command, it is a refusal.
    permanent: ours && (code === null || (refused && (code !== badSequence || advice !== null))),
    words: advice === null ? words : `${words}; ${advice}`,
    code,
    advice,
    inDoubt: bodyGiven && code === null,
  }
}

/** How long a mail waits after its so-many-th failed try: from one minute, doubling, to four hours, less up to half by chance. */
export function retryAfterMs(attempts: number, random: () => number): number {
  return spread(Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs), random)
}

/** How long nothing is tried after so many failures of the route in a row: from one second to five minutes. */
export function restAfterMs(failures: number, random: () => number): number {
  return spread(Math.min(firstRestMs * 2 ** (failures - 1), longestRestMs), random)
}

function spread(ms: number, random: () => number): number {
  return Math.round(ms * (1 - random() / 2))
}

/** What an operator can do about a sender that is refused. */
function adviceFor(code: number, response: string, from: string): string {
  if (code === 530 || /authenticat|log ?in\b/i.test(response))
    return 'it wants a log-in: set upstream.auth, or bounce.forwardVia with auth, and ask for this mail again'
  return from === ''
    ? 'it does not take mail from <>: set bounce.forwardFrom to an address it takes mail from, or bounce.forwardVia to another server, and ask for this mail again'
    : 'it does not take mail from bounce.forwardFrom: set an address it takes mail from, or bounce.forwardVia to another server, and ask for this mail again'
}
