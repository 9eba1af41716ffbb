/**
 * The tables rebond ships, in the order they are asked: providers and servers first, then what words mean everywhere, then the enhanced
 * status, then the bare code.
 *
 * Pure.
 */
import { compileRules, type RuleSet } from './compile-rules.ts'
import { contentRefused } from './generic/content-refused.ts'
import { domainAcceptsNoMail } from './generic/domain-accepts-no-mail.ts'
import { doubts } from './generic/doubts.ts'
import { greylisting } from './generic/greylisting.ts'
import { mailboxBusy } from './generic/mailbox-busy.ts'
import { mailboxFull } from './generic/mailbox-full.ts'
import { mailboxInactive } from './generic/mailbox-inactive.ts'
import { mailboxInactiveAbroad } from './generic/mailbox-inactive-abroad.ts'
import { mailboxMoved } from './generic/mailbox-moved.ts'
import { mailboxUnavailable } from './generic/mailbox-unavailable.ts'
import { messageSize } from './generic/message-size.ts'
import { noAnswer } from './generic/no-answer.ts'
import { recipientPolicy } from './generic/recipient-policy.ts'
import { relaying } from './generic/relaying.ts'
import { senderAuthentication } from './generic/sender-authentication.ts'
import { senderReputation } from './generic/sender-reputation.ts'
import { senderVerification } from './generic/sender-verification.ts'
import { sendingRate } from './generic/sending-rate.ts'
import { spamVerdict } from './generic/spam-verdict.ts'
import { bareCodes, enhancedStatuses } from './generic/status-table.ts'
import { temporaryTrouble } from './generic/temporary-trouble.ts'
import { unknownDomain } from './generic/unknown-domain.ts'
import { unknownMailbox } from './generic/unknown-mailbox.ts'
import { unknownMailboxAbroad } from './generic/unknown-mailbox-abroad.ts'
import { apple } from './providers/apple.ts'
import { barracuda } from './providers/barracuda.ts'
import { carriers } from './providers/carriers.ts'
import { chinese } from './providers/chinese.ts'
import { facebook } from './providers/facebook.ts'
import { freeAndSfr } from './providers/free-and-sfr.ts'
import { gmail } from './providers/gmail.ts'
import { microsoft } from './providers/microsoft.ts'
import { mimecast } from './providers/mimecast.ts'
import { orangeAndLaPoste } from './providers/orange-and-la-poste.ts'
import { otherGateways } from './providers/other-gateways.ts'
import { russian } from './providers/russian.ts'
import { sendingServices } from './providers/sending-services.ts'
import { unitedInternet } from './providers/united-internet.ts'
import { yahoo } from './providers/yahoo.ts'
import type { RuleTable } from './rule.ts'
import { exchangeServer } from './servers/exchange-server.ts'
import { exim } from './servers/exim.ts'
import { opensmtpd } from './servers/opensmtpd.ts'
import { postfix } from './servers/postfix.ts'
import { qmailAndSendmail } from './servers/qmail-and-sendmail.ts'
import { x400 } from './servers/x400.ts'

/** All of them. */
export const shippedTables: readonly RuleTable[] = [
  gmail,
  microsoft,
  yahoo,
  apple,
  unitedInternet,
  orangeAndLaPoste,
  freeAndSfr,
  russian,
  chinese,
  mimecast,
  barracuda,
  otherGateways,
  carriers,
  sendingServices,
  facebook,
  postfix,
  exim,
  opensmtpd,
  qmailAndSendmail,
  exchangeServer,
  x400,
  greylisting,
  senderVerification,
  mailboxBusy,
  relaying,
  sendingRate,
  messageSize,
  mailboxFull,
  mailboxInactive,
  mailboxInactiveAbroad,
  spamVerdict,
  senderAuthentication,
  senderReputation,
  contentRefused,
  recipientPolicy,
  noAnswer,
  mailboxMoved,
  domainAcceptsNoMail,
  unknownDomain,
  unknownMailbox,
  unknownMailboxAbroad,
  mailboxUnavailable,
  temporaryTrouble,
  enhancedStatuses,
  bareCodes,
  doubts,
]

/** The shipped tables, as rules. Their `version` changes whenever a row does. */
export const shippedRules: RuleSet = compileRules(shippedTables)
