/**
 * The tables rebond ships, in the order they are asked: providers and servers first, then what words mean everywhere, then the enhanced
 * status, then the bare code.
 *
 * Pure.
 */

import { compileRules, type RuleSet } from './compile-rules.ts'
import { contentRefused, messageSize, sendingRate, spamVerdict } from './generic/content-words.ts'
import { greylisting, noAnswer, temporaryTrouble } from './generic/network-words.ts'
import { mailboxBusy, mailboxFull, mailboxInactive, mailboxMoved, recipientPolicy } from './generic/recipient-words.ts'
import { relaying, senderAuthentication, senderReputation, senderVerification } from './generic/sender-words.ts'
import { bareCodes, enhancedStatuses } from './generic/status-table.ts'
import {
  domainAcceptsNoMail,
  mailboxUnavailable,
  unknownDomain,
  unknownMailbox,
  unknownMailboxAbroad,
} from './generic/unknown-recipient.ts'
import { apple } from './providers/apple.ts'
import { carriers } from './providers/carriers.ts'
import { chinese, russian } from './providers/east.ts'
import { freeAndSfr, orangeAndLaPoste } from './providers/french.ts'
import { barracuda, mimecast, otherGateways } from './providers/gateways.ts'
import { gmail } from './providers/gmail.ts'
import { microsoft } from './providers/microsoft.ts'
import { sendingServices } from './providers/senders.ts'
import { unitedInternet } from './providers/united-internet.ts'
import { yahoo } from './providers/yahoo.ts'
import type { RuleTable } from './rule.ts'
import { exchangeServer, exim, postfix, qmailAndSendmail } from './servers/servers.ts'

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
  postfix,
  exim,
  qmailAndSendmail,
  exchangeServer,
  greylisting,
  senderVerification,
  mailboxBusy,
  relaying,
  sendingRate,
  messageSize,
  mailboxFull,
  mailboxInactive,
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
]

/** The shipped tables, compiled. */
export const shippedRules: RuleSet = compileRules(shippedTables)

/** Changes whenever a shipped row does. */
export const ruleSetVersion: string = shippedRules.version
