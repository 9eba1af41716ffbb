/**
 * Many sessions that stand still: idle after EHLO, or half-way through a message.
 */
import { makeMessage, Talk } from './client.ts'

export type HoldOptions = {
  readonly port: number
  readonly sessions: number
  /** Octets of a message of which half is sent; null: the sessions stay idle. */
  readonly octets: number | null
}

/** Opens the sessions, says so with `held`, and ends them when `release` resolves. @throws {Error} one was not served. */
export async function holdSessions({ port, sessions, octets }: HoldOptions, held: () => void, release: Promise<unknown>): Promise<void> {
  const body = octets === null ? null : Buffer.from(makeMessage(octets), 'latin1')
  const half = body === null ? 0 : Math.floor(body.length / 2)
  const talks: Talk[] = []
  // A few at a time: a thousand connects at once would measure the accept queue.
  for (let from = 0; from < sessions; from += 50) {
    const some = Array.from({ length: Math.min(50, sessions - from) }, () => new Talk(port))
    talks.push(...some)
    await Promise.all(some.map(talk => open(talk, body?.subarray(0, half) ?? null)))
  }
  held()
  await release
  await Promise.all(talks.map(talk => (body === null ? talk.ask('QUIT\r\n') : talk.ask(body.subarray(half)))))
  for (const talk of talks) talk.close()
}

async function open(talk: Talk, half: Buffer | null): Promise<void> {
  const expect = async (code: number, given: Promise<number>) => {
    if ((await given) !== code) throw new Error(`a session that should stand still got ${talk.last}`)
  }
  await expect(220, talk.next())
  await expect(250, talk.ask('EHLO bench.client.example\r\n'))
  if (half === null) return
  await expect(250, talk.ask('MAIL FROM:<crm@sender.example>\r\n'))
  await expect(250, talk.ask('RCPT TO:<someone@good.example>\r\n'))
  await expect(354, talk.ask('DATA\r\n'))
  talk.say(half)
}
