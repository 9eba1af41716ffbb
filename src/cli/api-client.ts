/**
 * The running server's HTTP API, as the commands use it: where it is, which token it gets, and its answers or what went wrong as a sentence.
 */
import { readFile } from 'node:fs/promises'
import type { HttpConfig } from '../config/schema.ts'
import { type Exchange, exchange, type StreamBody, urlUnder, whyUnreachable } from './api-stream.ts'
import { loadConfig } from './load-config.ts'
import type { CommandIo } from './run-command.ts'

export type ApiValues = {
  readonly url?: string | undefined
  readonly config?: string | undefined
  readonly 'token-file'?: string | undefined
}

export type ApiAnswer = { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly why: string; readonly body: unknown }

export type Api = {
  /** Calls the server; a path's variable parts must be percent-encoded. */
  call(method: string, path: string, body?: object | Octets): Promise<ApiAnswer>
  /** Begins an exchange of streams: what is sent is sent while the answer comes. */
  exchange(method: string, path: string, body?: StreamBody): Promise<Exchange>
}

/** A body that is not JSON. */
export type Octets = { readonly type: string; readonly octets: Buffer }

const defaultUrl = 'http://127.0.0.1:8025'
const timeoutMs = 30_000

/** Finds the server and the token that the options and the environment name. Nothing is sent yet. */
export async function openApi(values: ApiValues, env: CommandIo['env']): Promise<{ ok: true; api: Api } | { ok: false; why: string }> {
  const where = await findUrl(values, env)
  if (!where.ok) return where
  const tokenFile = values['token-file'] ?? env.REBOND_TOKEN_FILE
  let token: string | null = null
  if (tokenFile !== undefined && tokenFile !== '') {
    try {
      token = (await readFile(tokenFile, 'utf8')).trim()
    } catch (err) {
      return { ok: false, why: `the token file must be readable: ${(err as Error).message}` }
    }
    if (!/^[\x21-\x7e]+$/.test(token)) return { ok: false, why: `${tokenFile} must hold one token and nothing else` }
  }
  const { url } = where
  const said = (answer: unknown, status: number) => sentenceOf(answer, status, token)
  return {
    ok: true,
    api: {
      call: (method, path, body) => call(url, token, method, path, body),
      exchange: (method, path, body) => exchange({ url, token, said }, method, path, body),
    },
  }
}

async function findUrl(values: ApiValues, env: CommandIo['env']): Promise<{ ok: true; url: URL } | { ok: false; why: string }> {
  const given = values.url ?? env.REBOND_URL
  if (given !== undefined && given !== '') {
    const url = URL.canParse(given) ? new URL(given) : null
    if (url && /^https?:$/.test(url.protocol)) return { ok: true, url }
    return { ok: false, why: `the URL of the server must be an http or https URL, not ${given}` }
  }
  if (values.config === undefined) return { ok: true, url: new URL(defaultUrl) }
  const loaded = await loadConfig(values.config)
  if (!loaded.ok) return { ok: false, why: loaded.problems.join('\n') }
  const { listen } = loaded.config.http
  if (listen.port === 0) return { ok: false, why: `${values.config} lets the system choose the port (http.listen.port: 0): say --url` }
  return { ok: true, url: urlOf(listen) }
}

/** Where a listener is reached from this machine. */
function urlOf({ host, port }: HttpConfig['listen']): URL {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return new URL(`http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`)
}

async function call(base: URL, token: string | null, method: string, path: string, body?: object | Octets): Promise<ApiAnswer> {
  const url = urlUnder(base, path)
  let status: number
  let type: string
  let text: string
  try {
    const reply = await fetch(url, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        accept: 'application/json, application/problem+json',
        ...(body === undefined ? {} : { 'content-type': isOctets(body) ? body.type : 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: isOctets(body) ? new Uint8Array(body.octets) : JSON.stringify(body) }),
    })
    status = reply.status
    type = reply.headers.get('content-type') ?? ''
    text = await reply.text()
  } catch (err) {
    return { ok: false, why: `the server at ${base.href} cannot be reached: ${whyUnreachable(err, timeoutMs)}`, body: null }
  }
  const answer = parseJson(text)
  if (answer === undefined)
    return { ok: false, why: `what answers at ${base.href} is not rebond (${status}, ${type || 'no type'})`, body: null }
  if (status >= 200 && status < 300) return { ok: true, body: answer }
  return { ok: false, why: sentenceOf(answer, status, token), body: answer }
}

function isOctets(body: object): body is Octets {
  return 'octets' in body && Buffer.isBuffer(body.octets)
}

/** A problem (RFC 9457) as a sentence, with what to do about a token. */
function sentenceOf(answer: unknown, status: number, token: string | null): string {
  const { detail, title } = (typeof answer === 'object' && answer !== null ? answer : {}) as { detail?: unknown; title?: unknown }
  const said = typeof detail === 'string' ? detail : typeof title === 'string' ? title : `the server answered ${status}`
  if (status !== 401) return said
  return `${said} ${token === null ? 'Name a file that holds one with --token-file or REBOND_TOKEN_FILE.' : 'Is it the file of this server?'}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
