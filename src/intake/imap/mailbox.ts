/**
 * A folder of an IMAP account as reading it needs it. imap-client.ts is the real one.
 */

export type MailHead = {
  readonly uid: number
  readonly octets: number
  /** INTERNALDATE in milliseconds; null when the server did not say. */
  readonly arrivedAt: number | null
  /** The fields that were asked for, as they stand in the mail. */
  readonly header: Buffer
}

export type Mailbox = {
  readonly uidValidity: string
  /** The uid that the next mail will have, at least. */
  readonly uidNext: number
  /** Uids above `after`, of mails that came at `since` or later when it is not null, ascending. */
  uidsAfter(after: number, since: number | null): Promise<readonly number[]>
  /** The heads of these mails, less those that are gone, one at a time: nothing else may be asked of the mailbox meanwhile. Marks nothing as read. */
  heads(uids: readonly number[]): AsyncIterable<MailHead>
  /** A mail as it came; null: it is gone. Marks nothing as read. */
  octets(uid: number): Promise<Buffer | null>
  /** Moves a mail to another folder, which is made if it is not there. */
  move(uid: number, folder: string): Promise<void>
  /** Resolves when something may have come, or after `ms`. @throws {Error} the connection is gone */
  changed(ms: number): Promise<void>
  close(): Promise<void>
}

/** @throws {Error} whose message says in a sentence what is wrong: the host, the certificate, the log-in, the folder. */
export type OpenMailbox = () => Promise<Mailbox>
