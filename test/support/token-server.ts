/**
 * A token server (RFC 6749 §4.4) that answers what the test wants, and keeps what it was asked.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Test } from 'tap'

export type TokenAnswer = { readonly status?: number; readonly body?: unknown; readonly location?: string }

export type TokenServer = {
  readonly url: string
  /** The forms that came, in order. */
  readonly asked: Record<string, string>[]
}

/** `answer` is called for each request with its number from 1; null: it is never answered. */
export async function tokenServer(t: Test, answer: (number: number) => TokenAnswer | null): Promise<TokenServer> {
  const asked: Record<string, string>[] = []
  const server = createServer(async (request, response) => {
    let form = ''
    for await (const piece of request) form += piece
    asked.push({
      ...Object.fromEntries(new URLSearchParams(form)),
      type: request.headers['content-type'] ?? '',
      method: request.method ?? '',
    })
    const given = answer(asked.length)
    if (!given) return
    const { status = 200, body, location } = given
    response.writeHead(status, { 'content-type': 'application/json', ...(location ? { location } : {}) })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/token`, asked }
}
