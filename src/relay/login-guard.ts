/**
 * Guessing passwords is slow: log-ins of an address are looked at one after another, and after some wrong ones a second apart. A right one still gets in; only of an
 * address that has been wrong so often is one put off without a look, when many wait before it.
 */
export type PasswordCheck = (user: string, password: string) => Promise<boolean>

/** Wrong passwords of an address before it is slowed down; they are forgotten after a quiet minute. */
const freeTries = 5
const stepMs = 1_000
const forgetMs = 60_000
/** Log-ins that wait, of an address that is slowed down. */
const maxWaiting = 20
/** Addresses remembered before the quiet ones are forgotten. */
const sweepAt = 10_000

type Guesser = { wrong: number; at: number; waiting: number; last: Promise<unknown> }

/**
 * Makes a check that knows who asks. `clock` and `wait` are in milliseconds.
 * The hash of a password is dear on purpose (scrypt): of one address one at a time is computed, however many sessions it has.
 * The check throws when the log-in was put off, or could not be looked at.
 */
export function createLoginGuard(
  check: PasswordCheck,
  clock: () => number,
  wait: (ms: number) => Promise<unknown>,
): (address: string, user: string, password: string) => Promise<boolean> {
  const guessers = new Map<string, Guesser>()

  async function look(guesser: Guesser, user: string, password: string): Promise<boolean> {
    if (guesser.wrong >= freeTries && clock() - guesser.at < forgetMs) await wait(stepMs)
    const ok = await check(user, password)
    const now = clock()
    guesser.wrong = now - guesser.at >= forgetMs ? Number(!ok) : guesser.wrong + Number(!ok)
    guesser.at = now
    return ok
  }

  return (address, user, password) => {
    if (guessers.size >= sweepAt)
      for (const [one, { at, waiting }] of guessers) if (waiting === 0 && clock() - at >= forgetMs) guessers.delete(one)
    const guesser = guessers.get(address) ?? { wrong: 0, at: clock(), waiting: 0, last: Promise.resolve() }
    guessers.set(address, guesser)
    if (guesser.wrong >= freeTries && guesser.waiting >= maxWaiting)
      return Promise.reject(new Error('too many log-ins of this address wait, after wrong ones'))
    guesser.waiting++
    const looked = guesser.last
      .then(() => look(guesser, user, password))
      .finally(() => {
        guesser.waiting--
      })
    guesser.last = looked.catch(() => {})
    return looked
  }
}
