/**
 * Waiting for an event of the program that can only be asked for. A wait in vain ends, and says what was awaited.
 */
import { inspect } from 'node:util'

/** A third of the time that tap gives a test file: many times what anything takes, and the error is read before tap ends the process. */
const usualDeadlineMs = (Number(process.env.TAP_TIMEOUT || 300) * 1000) / 3

const tooLate = Symbol('too late')

/**
 * Asks until the answer is as wanted, and gives it.
 * @throws {Error} it was not as wanted within `deadlineMs`; the message holds the condition and the last answer
 */
export async function until<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  { deadlineMs = usualDeadlineMs }: { readonly deadlineMs?: number } = {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof tooLate>(resolve => {
    timer = setTimeout(resolve, deadlineMs, tooLate)
  })
  let latest: unknown = 'none'
  try {
    for (;;) {
      const answer = await Promise.race([late, ask()])
      if (answer === tooLate) throw new Error(inVain(deadlineMs, ask, wanted, latest))
      if (wanted(answer)) return answer
      latest = answer
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  } finally {
    clearTimeout(timer)
  }
}

function inVain(deadlineMs: number, ask: unknown, wanted: unknown, latest: unknown): string {
  const said = inspect(latest, { depth: 4, maxArrayLength: 10, maxStringLength: 2_000 })
  return `waited ${deadlineMs / 1000} s in vain for ${wanted}, asking ${ask}; the last answer: ${said}`
}
