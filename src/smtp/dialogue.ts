/**
 * One CRM session seen as values: its state, what can happen to it, and what is to be done then. transaction.ts has the step between them.
 *
 * Pure.
 */
import type { Command } from './command.ts'
import type { DataRefusalWords } from './data-refusal.ts'
import type { AddressKey } from './path.ts'
import type { Reply, SpokenReply } from './reply.ts'
import type { Envelope, Slot, Subject } from './slots.ts'

/** What holds for the whole session. */
export type Rules = {
  readonly hostname: string
  /** null: upstream's own limit. */
  readonly maxMessageBytes: number | null
  readonly maxRecipients: number
  /** The listener offers STARTTLS. */
  readonly startTls: boolean
  /** The client may log in without TLS: it is loopback, or of `plainAuthFrom`. */
  readonly clearAuth: boolean
  /** Mechanisms of our own log-in; null: upstream's AUTH passes through. */
  readonly ownMechanisms: readonly string[] | null
  readonly loginRequired: boolean
  /** null: a blacklisted recipient is refused at RCPT, and the others get the mail; else nobody does, and DATA is refused so. */
  readonly refuseData: DataRefusalWords | null
}

/** What the connection to upstream is fit for. */
export type UpstreamFacts = {
  /** It is TLS, and the certificate was verified. */
  readonly verified: boolean
  /** The CRM's secrets may go over it. */
  readonly mayAuth: boolean
}

/** What became of one RCPT: `blacklisted` and `deferred` may be our own doing, `refused` is always upstream's. */
export type RecipientVerdict = 'relayed' | 'blacklisted' | 'refused' | 'deferred'

export type Recipient = {
  /** As written, without brackets. */
  readonly address: string
  readonly key: AddressKey
  readonly verdict: RecipientVerdict
  readonly reply: Reply
  readonly byUs: boolean
}

/** A mail transaction that upstream has begun (RFC 5321 §3.3), with the recipients that were answered so far. */
export type Transaction = {
  readonly envelope: Envelope
  readonly recipients: readonly Recipient[]
  /** Its DATA was refused by us, whatever upstream said to its recipients. */
  readonly refused?: boolean
}

/** What became of a message. `aborted`: it never came to its end; `indeterminate`: upstream was lost between the dot and its reply. */
export type MessageResult = 'accepted' | 'refused' | 'deferred' | 'aborted' | 'indeterminate'

/**
 * What the next octets of the CRM are. `wait`: nothing is taken until a command that ends a batch has its reply; `auth`, `own-auth`: a line
 * of a log-in with upstream, or with us; `over`: the session has ended.
 */
export type Input = 'command' | 'wait' | 'auth' | 'own-auth' | 'body' | 'over'

export type State = {
  readonly rules: Rules
  readonly input: Input
  readonly slots: readonly Slot[]
  readonly nextNumber: number
  readonly upstream: 'opening' | 'ready' | 'gone'
  readonly facts: UpstreamFacts
  /** What is said to whoever asks for an upstream that is gone. */
  readonly farewell: SpokenReply
  /** Upstream takes commands in batches (RFC 2920). */
  readonly pipelining: boolean
  /** Upstream makes and passes on reports as they are asked for (RFC 3461). */
  readonly offersDsn: boolean
  readonly greeted: boolean
  /** The CRM's leg is TLS. */
  readonly secure: boolean
  readonly authenticated: boolean
  readonly offersRequireTls: boolean
  readonly mechanisms: readonly string[]
  /** The user name of a LOGIN that has been told; null before. */
  readonly login: { readonly mechanism: string; readonly user: string | null } | null
  readonly transaction: Transaction | null
  /** Recipients asked for since the last MAIL. */
  readonly asked: number
  readonly errors: number
  /** The session ends when every slot has been answered. */
  readonly closing: boolean
  readonly stopping: boolean
}

/** What a password turned out to be. `unchecked`: it could not be looked at, which is our trouble (RFC 4954 §6: 454). */
export type LoginResult = 'right' | 'wrong' | 'unchecked'

export type Event =
  /** A command; MAIL with its envelope. */
  | { readonly type: 'command'; readonly command: Command; readonly envelope: Envelope | null }
  /** A line of a log-in, as it came. */
  | { readonly type: 'auth-line'; readonly line: string }
  /** A line that is no command, or a command that we refuse whatever the state. */
  | { readonly type: 'bad-line'; readonly why: SpokenReply }
  /** `refusal`: the address is blacklisted; `unavailable`: nobody can say. */
  | { readonly type: 'screened'; readonly number: number; readonly found: SpokenReply | null | 'unavailable' }
  | { readonly type: 'verified'; readonly as: LoginResult }
  | { readonly type: 'ready'; readonly facts: UpstreamFacts }
  | { readonly type: 'reply'; readonly spoken: SpokenReply }
  /** Upstream is gone. `retry`: it was a connection opened ahead that had never answered: a fresh one is worth opening. */
  | { readonly type: 'lost'; readonly farewell: SpokenReply; readonly retry: boolean }
  /** The message and its final dot have gone upstream. */
  | { readonly type: 'message-sent' }
  /** The message has come to its end here and does not go upstream. */
  | { readonly type: 'message-failed'; readonly answer: SpokenReply; readonly close: boolean }
  /** What a `settle` or `journal` effect asked to wait for is done. */
  | { readonly type: 'concluded' }
  /** The CRM's leg has become TLS. */
  | { readonly type: 'secured' }
  /** The session ends with this reply: a deadline, a limit. */
  | { readonly type: 'end'; readonly farewell: SpokenReply }
  | { readonly type: 'client-left' }
  /** The relay is stopping: a transaction under way may end first. */
  | { readonly type: 'stop' }

export type Effect =
  /** Octets for the CRM. */
  | { readonly type: 'say'; readonly wire: string }
  /** A line for upstream, without CRLF. */
  | { readonly type: 'send'; readonly line: string; readonly verb: Subject['verb'] }
  | { readonly type: 'screen'; readonly number: number; readonly key: AddressKey; readonly address: string }
  | { readonly type: 'verify'; readonly user: string; readonly password: string }
  /** The octets that follow are the message. */
  | { readonly type: 'receive'; readonly transaction: Transaction }
  /** The rest of the message is read and dropped, then answered so. */
  | { readonly type: 'discard'; readonly answer: SpokenReply }
  /** The message has its result; `await`: say `concluded` when what it means for its recipients has been judged. */
  | {
      readonly type: 'settle'
      readonly transaction: Transaction
      readonly result: MessageResult
      readonly reply: Reply | null
      readonly await: boolean
    }
  /** A transaction ended without a message. */
  | { readonly type: 'journal'; readonly transaction: Transaction; readonly result: MessageResult; readonly await: boolean }
  | { readonly type: 'recipient'; readonly verdict: RecipientVerdict }
  /** Upstream refused the reverse-path. */
  | { readonly type: 'return-path-refused'; readonly reply: Reply }
  /** Upstream broke the protocol. */
  | { readonly type: 'violation'; readonly why: string }
  | { readonly type: 'open-upstream' }
  /** `idle`: it is owed nothing and may be told goodbye; else nothing more may be said on it. */
  | { readonly type: 'drop-upstream'; readonly idle: boolean }
  /** The session ends and leaves a connection on which we have logged in: another may go on with it. */
  | { readonly type: 'return-upstream' }
  | { readonly type: 'start-tls' }
  /** The CRM's connection ends after what was said. */
  | { readonly type: 'close' }

/** A state under change, within one step, and what the step owes. */
export type Draft = { -readonly [K in keyof State]: State[K] } & { slots: Slot[]; effects: Effect[] }
