/**
 * Fetches a small text by https. Redirects are not followed: whoever calls has decided which host is asked.
 */
import { get } from 'node:https'
import type { FetchText } from './sns.ts'

const fetchMs = 10_000
const maxCharacters = 65_536

/** Fetches it; anything but 200, and anything large or slow, rejects. */
export const fetchByHttps: FetchText = url =>
  new Promise((resolve, reject) => {
    const request = get(url, { signal: AbortSignal.timeout(fetchMs) }, answer => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('error', reject)
      answer.on('data', (chunk: string) => {
        body += chunk
        if (body.length > maxCharacters) answer.destroy(new Error('the answer is too long'))
      })
      answer.on('end', () => (answer.statusCode === 200 ? resolve(body) : reject(new Error(`it answered ${answer.statusCode}`))))
    })
    request.on('error', reject)
  })
