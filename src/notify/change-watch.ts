/**
 * Waiting for the change feed to go on (long polling): whoever has read everything is woken by the next change, or looks again now and then, since
 * another node may have made it.
 */

export type ChangeWatch = {
  /** Says that there are changes. */
  changed(): void
  /** Resolves at the next change, or after `ms` at the latest; at once when too many wait, or `signal` is aborted. */
  next(ms: number, signal?: AbortSignal): Promise<void>
  /** Wakes everybody, and lets nobody wait any more. */
  stop(): void
}

const maxWaiting = 200

/** Makes a watch. */
export function createChangeWatch(): ChangeWatch {
  const waiting = new Set<() => void>()
  let stopped = false

  function wakeAll(): void {
    for (const wake of [...waiting]) wake()
  }

  return {
    changed: wakeAll,
    next(ms, signal) {
      if (stopped || waiting.size >= maxWaiting || signal?.aborted) return Promise.resolve()
      return new Promise(resolve => {
        const wake = () => {
          clearTimeout(timer)
          waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const timer = setTimeout(wake, ms)
        signal?.addEventListener('abort', wake)
        waiting.add(wake)
      })
    },
    stop() {
      stopped = true
      wakeAll()
    },
  }
}
