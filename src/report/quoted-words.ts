/**
 * The words about a recipient as a notice quotes them → what a delivery status would have said: diagnostic, code, status, host.
 *
 * Exim and the 1&1 systems put the command before the reply; it goes behind, as Postfix writes it, so that the reply stands first.
 * Never throws; linear.
 * Pure.
 */
import { cleanDiagnostic, hostIn, replyCodeIn, statusIn } from './diagnostic.ts'
import type { ReportedRecipient } from './report.ts'

const afterCommand =
  /\b(?:SMTP|LMTP) error from remote (?:mail )?(?:server|mailer) (?:after|for) (?:pipelined )?(initial connection|end of data|[A-Z]{4,8}(?: FROM| TO)?)\b[^\n:<,]{0,40}(?::?<[^<>\n]{0,320}>[^\n:,]{0,60})?[:,]\s{0,8}/i
const hostInFront = /^host:? ?(\S{1,255}?):?(?: ?[[(][0-9a-fA-F.:]{2,45}[\])])?:?\s{1,8}(?:reason: ?)?/i
const beginsReply = /^(?:[245]\d\d[ -]|[245]\.\d{1,3}\.\d{1,3}\b)/

/** Reads quoted words; every value is null where they say nothing. */
export function quotedWords(said: string): Pick<ReportedRecipient, 'diagnostic' | 'status' | 'replyCode' | 'remoteMta'> {
  const whole = cleanDiagnostic(said)
  if (whole === null) return { diagnostic: null, status: null, replyCode: null, remoteMta: null }
  const diagnostic = replyFirst(whole)
  return { diagnostic, status: statusIn(diagnostic), replyCode: replyCodeIn(diagnostic), remoteMta: hostIn(whole) }
}

function replyFirst(text: string): string {
  const match = afterCommand.exec(text)
  if (!match) return text
  const rest = text.slice(match.index + match[0].length)
  const reply = rest.replace(hostInFront, '')
  return beginsReply.test(reply) ? `${reply} (in reply to ${commandName(match[1] ?? '')})` : text
}

function commandName(words: string): string {
  if (/initial/i.test(words)) return words.toLowerCase()
  return /^(?:end|data|text)/i.test(words) ? 'end of DATA command' : `${words.toUpperCase()} command`
}
