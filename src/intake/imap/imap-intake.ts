/**
 * All mailboxes that are read for returns (intake.imap).
 */
import type { ImapConfig } from '../../config/imap.ts'
import { imapOpener } from './imap-client.ts'
import { type WatchDeps, watchMailbox } from './watch-mailbox.ts'

export type ImapIntake = {
  /** What is wrong, mailbox by mailbox, in one sentence; true: all are open and read. */
  state(): true | string
  stop(): Promise<void>
}

/** Begins to read them. */
export function startImapIntake(deps: WatchDeps, mailboxes: readonly ImapConfig[]): ImapIntake {
  const watches = mailboxes.map(config => watchMailbox(deps, config, imapOpener(config, deps.maxMessageBytes, deps.now)))
  return {
    state() {
      const wrong = watches.flatMap(watch => {
        const state = watch.state()
        return state === true ? [] : [`${watch.name}: ${state}`]
      })
      return wrong.length === 0 ? true : wrong.join('; ')
    },
    async stop() {
      await Promise.all(watches.map(watch => watch.stop()))
    },
  }
}
