/**
 * The boundary where errors end (RFC 9457 answers): store trouble is 503, bad input 4xx, all else a bug: 500, its stack in the log only.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../observe/log.ts'
import { BadCursor } from '../store/page.ts'
import { StoreUnavailable } from '../store/store-unavailable.ts'
import { type ProblemKind, problem, problemType, sendProblem } from './problem.ts'
import { fieldProblems, InvalidPart } from './validation.ts'

/** Seconds after which a client may ask again when the store does not answer. */
const retryAfterSeconds = 5

/** What fastify itself refuses, by its code: the problem and its sentence. */
const refusals: Readonly<Record<string, readonly [ProblemKind, string]>> = {
  FST_ERR_BAD_URL: ['bad-request', 'The path must be percent-encoded UTF-8.'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri-too-long', 'A part of the path is over 1,024 characters; an address may have 320 octets.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-json', 'The body must be one JSON object in UTF-8, without a key __proto__.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'The body must have at most 64 KiB (a list to check: 512 KiB).'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'The body must be sent with Content-Type: application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'The body must have the length that Content-Length says.'],
}

/** Makes the error handler of the server. The log names a request by its id and route, never by its path, which may hold an address. */
export function errorHandler(log: Log) {
  return (err: FastifyError | InvalidPart | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (err instanceof InvalidPart) {
      const errors = fieldProblems(err, request)
      return sendProblem(reply, 'invalid-request', errors.map(one => `${one.field || one.in}: ${one.detail}`).join('; '), { errors })
    }
    if (err instanceof BadCursor) return sendProblem(reply, 'bad-cursor', `${capital(err.message)}.`)
    if (err instanceof StoreUnavailable) {
      log.warn({ err, request: request.id, route: request.routeOptions.url }, 'the store did not answer a request')
      reply.header('retry-after', retryAfterSeconds)
      return sendProblem(reply, 'store-unavailable', 'The store does not answer now; ask again.')
    }
    const refusal = 'code' in err ? refusals[err.code] : undefined
    if (refusal?.[0] === 'body-too-large') return sendProblem(reply, refusal[0], tooLarge(request.routeOptions.bodyLimit))
    if (refusal) return sendProblem(reply, ...refusal)
    log.error({ err, request: request.id, method: request.method, route: request.routeOptions.url }, 'a request met a bug')
    return sendProblem(reply, 'internal-error', 'The request could not be answered; the log says why.', { instance: request.id })
  }
}

/** Answers a path that no route has. */
export function notFoundHandler(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(reply, 'not-found', 'There is nothing at this path; /openapi.json lists what there is.')
}

/** Answers what node:http could not read as a request, and closes. */
export function clientErrorHandler(err: NodeJS.ErrnoException, socket: Socket): void {
  if (err.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const body =
    err.code === 'HPE_HEADER_OVERFLOW'
      ? problem('header-too-large', 'The request line and header fields must have at most 16 KiB.')
      : err.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? problem('request-timeout', 'The request must arrive within 30 seconds.')
        : problem('bad-request', 'The request must be HTTP/1.1.')
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  )
}

function tooLarge(octets: number): string {
  return `The body must have at most ${octets.toLocaleString('en')} octets.`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
