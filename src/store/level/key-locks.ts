/**
 * Locks by name, first come first served. A caller takes all of its locks in one step, so callers can never wait for each other in a ring.
 */

export type KeyLocks = {
  /** Runs `work` alone on these names; at once when nobody holds one of them. */
  hold<R>(names: readonly string[], work: () => Promise<R>): Promise<R>
  /** Names held or waited for. */
  readonly size: number
}

export function createKeyLocks(): KeyLocks {
  /** The last holder of each name, or of those who wait for it. */
  const tails = new Map<string, Promise<void>>()

  async function hold<R>(names: readonly string[], work: () => Promise<R>): Promise<R> {
    const own = new Set(names)
    const before: Promise<void>[] = []
    let release = () => {}
    const done = new Promise<void>(resolve => {
      release = resolve
    })
    for (const name of own) {
      const tail = tails.get(name)
      if (tail) before.push(tail)
      tails.set(name, done)
    }
    if (before.length > 0) await Promise.all(before)
    try {
      return await work()
    } finally {
      for (const name of own) if (tails.get(name) === done) tails.delete(name)
      release()
    }
  }

  return {
    hold,
    get size() {
      return tails.size
    },
  }
}
