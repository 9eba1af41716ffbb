/**
 * What the relay says in its own name. Our own trouble is always temporary: a 5yz of ours stands only for what the CRM did wrong.
 * Pure.
 */
import { reply, type SpokenReply, speak } from './reply.ts'

const say = (code: number, enhanced: string | null, text: string): SpokenReply => speak(reply(code, enhanced, text))

export const ourReplies = {
  upstreamUnavailable: say(421, '4.3.0', 'The mail server behind this relay cannot be reached now; try again later'),
  upstreamLost: say(421, '4.4.2', 'The connection to the mail server behind this relay was lost; try again later'),
  lostAfterDot: say(451, '4.4.2', 'The mail server behind this relay was lost before it answered; it may or may not have the message'),
  lostBeforeDot: say(451, '4.4.2', 'The mail server behind this relay was lost before the end of the message; it does not have it'),
  storeUnavailable: say(451, '4.3.0', 'The address cannot be looked up now; try again later'),
  notJournalled: say(451, '4.3.0', 'The message cannot be recorded now; try again later'),
  idle: say(421, '4.4.2', 'No command came in time, closing'),
  tooSlow: say(421, '4.4.2', 'The message came too slowly, closing'),
  stopping: say(421, '4.3.2', 'The relay is stopping; try again later'),
  bug: say(421, '4.3.0', 'Something went wrong in the relay; try again later'),
  tooManyErrors: say(421, '4.7.0', 'Too many errors, closing'),
  sayHelloFirst: say(503, '5.5.1', 'Say EHLO or HELO first'),
  lineTooLong: say(500, '5.5.2', 'Line too long'),
  controlCharacter: say(500, '5.5.2', 'A command must not hold control characters'),
  notImplemented: say(502, '5.5.1', 'Command not implemented'),
  startTlsFirst: say(530, '5.7.0', 'Say STARTTLS first'),
  readyForTls: say(220, '2.0.0', 'Ready to start TLS'),
  alreadySecure: say(503, '5.5.1', 'TLS is in use already'),
  authNeedsTls: say(538, '5.7.11', 'Encryption is required to log in'),
  authNotOffered: say(504, '5.5.4', 'That mechanism is not offered'),
  authAlready: say(503, '5.5.1', 'You are logged in already'),
  authInTransaction: say(503, '5.5.1', 'AUTH is not allowed in a mail transaction'),
  authRequired: say(530, '5.7.0', 'Authentication required'),
  authFailed: say(535, '5.7.8', 'Authentication credentials invalid'),
  authUnchecked: say(454, '4.7.0', 'Temporary authentication failure'),
  authCancelled: say(501, '5.7.0', 'Authentication cancelled'),
  authMalformed: say(501, '5.5.2', 'That is not a log-in in base64'),
  authDone: say(235, '2.7.0', 'Authentication succeeded'),
  authUserName: say(334, null, 'VXNlcm5hbWU6'),
  authPassword: say(334, null, 'UGFzc3dvcmQ6'),
  authGoOn: say(334, null, ''),
  noValidRecipients: say(554, '5.5.1', 'No valid recipients'),
  noRecipientsNow: say(451, '4.3.0', 'No recipient could be looked up; try again later'),
  tooManyRecipients: say(452, '4.5.3', 'Too many recipients for one message'),
  foreignReturnPath: say(553, '5.1.8', "The sender's address belongs to this relay and was not made by it, or has expired"),
  messageTooLarge: say(552, '5.3.4', 'The message is larger than this relay takes'),
  binaryNotOffered: say(501, '5.5.4', 'BODY=BINARYMIME is not offered'),
  requireTlsNotOffered: say(555, '5.5.4', 'REQUIRETLS is not offered'),
  cannotVerify: say(252, '2.5.0', 'Cannot verify the address; send mail to it to see'),
  help: say(214, '2.0.0', 'This is a relay; RFC 5321 says how to talk to it'),
  bye: say(221, '2.0.0', 'Bye'),
  lookAlike: say(521, '5.5.2', 'A line of one dot must stand between two CRLF; see RFC 5321 section 2.3.8'),
  nulOctet: say(521, '5.5.2', 'A message must not hold NUL octets'),
} as const
