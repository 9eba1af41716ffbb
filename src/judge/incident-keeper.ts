/**
 * Looks after open incidents of the surge guard while the server runs (incidents.ts): now and then, one round at a time, on one of the nodes.
 */
import type { Log } from '../observe/log.ts'
import { type IncidentDeps, settleIncidents } from './incidents.ts'

export type IncidentKeeper = {
  /** Waits for a round under way; starts no more. */
  stop(): Promise<void>
}

/** What an incident waits for happens within hours and days. */
const everyMs = 10 * 60_000

/** Starts the rounds. A store that fails ends a round; the next one tries again. */
export function keepIncidents({ log, now, ...deps }: IncidentDeps & { readonly log: Log; readonly now: () => number }): IncidentKeeper {
  let running: Promise<void> = Promise.resolve()
  let busy = false

  async function round(): Promise<void> {
    busy = true
    try {
      if (!(await deps.store.claim('incidents'))) return
      const done = await settleIncidents(deps, now())
      if (done.closed > 0 || done.released > 0) log.info(done, 'settled incidents of the surge guard')
    } catch (err) {
      log.warn({ err }, 'could not look after the incidents of the surge guard')
    } finally {
      busy = false
    }
  }

  const timer = setInterval(() => {
    if (!busy) running = round()
  }, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
