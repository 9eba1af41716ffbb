/**
 * Waiting for an event of the program that can only be asked for. The test's own time limit ends it.
 */

/** Asks until the answer is as wanted, and gives it. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
