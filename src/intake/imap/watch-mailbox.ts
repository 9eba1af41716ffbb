/**
 * Keeps a mailbox open and reads it whenever something has come: IDLE where the server has it, a look every `pollSeconds` in any case; after trouble again, with
 * back-off (1 s to 5 min, jitter).
 */
import type { OpenMailbox } from './mailbox.ts'
import { firmFooting, type MailboxNames, type ReadMailboxDeps, readMailbox } from './read-mailbox.ts'

export type MailboxWatch = {
  readonly name: string
  /** `true`: it is open; else what is wrong. */
  state(): true | string
  stop(): Promise<void>
}

export type WatchDeps = ReadMailboxDeps & {
  /** Of several nodes one reads a mailbox. */
  readonly claim: (work: string) => Promise<boolean>
  readonly random: () => number
  /** First and longest wait after trouble. */
  readonly backOffMs?: readonly [first: number, longest: number]
}

/** Starts it. */
export function watchMailbox(deps: WatchDeps, names: MailboxNames & { readonly pollSeconds: number }, open: OpenMailbox): MailboxWatch {
  const { log, metrics, random, backOffMs: [first, longest] = [1_000, 300_000] } = deps
  const { name, pollSeconds } = names
  let trouble: string | null = 'not opened yet'
  let stopped = false
  let rouse = () => {}
  let failures = 0
  const footing = firmFooting()
  const connected = metrics.imapConnected.labels(name)
  connected.set(0)

  function sleep(ms: number): Promise<void> {
    if (stopped) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      rouse = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function session(): Promise<void> {
    if (!(await deps.claim(`imap ${name}`))) {
      trouble = null
      return sleep(pollSeconds * 1000)
    }
    const mailbox = await open()
    try {
      if (trouble !== null) log.info({ mailbox: name }, 'a mailbox is open')
      trouble = null
      connected.set(1)
      while (!stopped) {
        await readMailbox(deps, mailbox, names, () => stopped, footing)
        failures = 0
        const ended = new Promise<void>(resolve => {
          rouse = resolve
        })
        if (!stopped) await Promise.race([mailbox.changed(pollSeconds * 1000), ended])
      }
    } finally {
      connected.set(0)
      await mailbox.close().catch(() => {})
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        await session()
      } catch (err) {
        trouble = err instanceof Error ? err.message : String(err)
        const waitMs = Math.min(first * 2 ** failures++, longest) * (0.5 + random() / 2)
        log.warn({ err, mailbox: name, waitMs }, 'a mailbox cannot be read now')
        await sleep(waitMs)
      }
    }
  }

  const running = run()
  return {
    name,
    state: () => trouble ?? true,
    async stop() {
      stopped = true
      rouse()
      await running
    },
  }
}
