/**
 * The HTTP side: fastify with the routes of every resource, one error format, one guard (contract.md, "HTTP").
 *
 * Promises: no request is logged with its path (it may hold an address); nothing is cached; bodies are JSON and at most 64 KiB; a bug in one
 * request ends that request only.
 */
import type { AddressInfo } from 'node:net'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastify, { errorCodes, type FastifyRequest, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { guardAccess } from './access.ts'
import { addressRoutes } from './addresses.ts'
import type { App, HttpDeps } from './app.ts'
import { auditRoutes } from './audit.ts'
import { backupRoutes } from './backup.ts'
import { blacklistRoutes } from './blacklist.ts'
import { limitBodyTime } from './body-deadline.ts'
import { bounceRoutes } from './bounces.ts'
import { canaryRoutes } from './canary.ts'
import { changeRoutes } from './changes.ts'
import { checkRoutes } from './check.ts'
import { decisionRoutes } from './decisions.ts'
import { clientErrorHandler, errorHandler, notFoundHandler } from './errors.ts'
import { exportRoutes } from './export.ts'
import { healthRoutes } from './health.ts'
import { importRoutes } from './import.ts'
import { incidentRoutes } from './incidents.ts'
import { listRoutes } from './lists.ts'
import { messageRoutes } from './messages.ts'
import { refuseOtherMethods } from './methods.ts'
import { describeApi, documentAccess, openapiRoute } from './openapi.ts'
import { outboxRoutes } from './outbox.ts'
import { pageRoutes } from './page/pages.ts'
import { createSessions } from './page/sessions.ts'
import { privacyRoutes } from './privacy.ts'
import { providerIntakeRoutes } from './provider-intake.ts'
import { limitRequests } from './rate-limit.ts'
import { rejudgeRoutes } from './rejudge.ts'
import { reportRoutes } from './reports.ts'
import { revertRoutes } from './revert.ts'
import { suspectRoutes } from './suspects.ts'
import { createTokenCheck } from './token-check.ts'
import { createTokens, type Token } from './tokens.ts'
import { validatorCompiler } from './validation.ts'
import { webhookRoutes } from './webhooks.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Media types whose octets the route is given as they came. */
    takes?: readonly string[]
  }
}

const maxBodyBytes = 65_536
/** The head of a request must have arrived by then; body-deadline.ts says when its body must. */
const headersTimeoutMs = 30_000
const keepAliveTimeoutMs = 72_000
/** 320 octets, each percent-encoded, and some more: longer ones get an answer that says what is wrong. */
const maxParamLength = 1024

export type HttpServer = {
  /** Opens `http.listen`; gives where it listens. */
  listen(): Promise<{ host: string; port: number }>
  /** Answers a request without a socket, for tests. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>
  /** Knows these tokens from now on and no others; who logged in to the page with another is logged out. */
  useTokens(configured: readonly Token[]): void
  /** Lets requests under way finish, closes idle connections. */
  close(): Promise<void>
}

/** Makes the server; nothing listens before `listen`. */
export function createHttp(deps: HttpDeps): HttpServer {
  const onError = errorHandler(deps.log)
  const tokens = createTokens(deps.config.tokens)
  const sessions = createSessions(deps.now)
  const app = fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    requestTimeout: 0,
    http: { headersTimeout: headersTimeoutMs },
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength },
    frameworkErrors: (err, request, reply) => onError(err, request, reply),
    clientErrorHandler,
    genReqId: requestIds(),
    // Fastify's own compilers (Ajv) would be a tenth of what the program loads, and have nothing to compile: every schema is zod's.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
  }).withTypeProvider<ZodTypeProvider>()

  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(onError)
  app.setNotFoundHandler(notFoundHandler)
  acceptBodies(app)
  app.decorateRequest('caller', null)
  app.decorateRequest('scopes', null)
  app.decorateRequest('formKey', null)
  app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        // The page's own style, scripts and icon; nothing inline, nothing of others.
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Whoever ends TLS in front of us says this.
    strictTransportSecurity: false,
    // Not no-referrer: with it browsers call the origin of our own forms null.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.register(rateLimit, { global: false })
  limitBodyTime(app)
  app.register(cookie)
  describeApi(app, deps.version)
  app.register(async scope => {
    const tokenCheck = createTokenCheck(scope, tokens)
    const logIn = { sessions, publicUrl: deps.config.publicUrl }
    guardAccess(scope, tokenCheck, logIn)
    limitRequests(scope, deps.config)
    documentAccess(scope)
    refuseOtherMethods(scope, () => {
      healthRoutes(scope, deps)
      canaryRoutes(scope, deps)
      addressRoutes(scope, deps)
      checkRoutes(scope, deps)
      privacyRoutes(scope, deps)
      blacklistRoutes(scope, deps)
      importRoutes(scope, deps)
      exportRoutes(scope, deps)
      revertRoutes(scope, deps)
      rejudgeRoutes(scope, deps)
      backupRoutes(scope, deps)
      suspectRoutes(scope, deps)
      bounceRoutes(scope, deps)
      decisionRoutes(scope, deps)
      incidentRoutes(scope, deps)
      listRoutes(scope, deps)
      messageRoutes(scope, deps)
      outboxRoutes(scope, deps)
      reportRoutes(scope, deps)
      providerIntakeRoutes(scope, deps)
      changeRoutes(scope, deps)
      webhookRoutes(scope, deps)
      auditRoutes(scope, deps)
      openapiRoute(scope)
    })
    scope.register(async pages => pageRoutes(pages, deps, logIn, tokenCheck))
  })

  return {
    async listen() {
      await app.listen(deps.config.listen)
      const { address, port } = app.server.address() as AddressInfo
      return { host: address, port }
    },
    async inject(request) {
      return app.inject(request)
    },
    useTokens(configured) {
      tokens.replace(configured)
      sessions.keepOnly(configured)
    },
    close: () => app.close(),
  }
}

/**
 * Bodies are application/json; one that is empty is none, so that `curl -X POST` with a type and no data works. Octets as they came are given to the
 * routes that take them (`config.takes`), lists to the route that streams them, and to no other.
 */
function acceptBodies(app: App): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  const isTaken = ({ routeOptions, headers }: FastifyRequest) =>
    routeOptions.config.takes?.includes(String(headers['content-type']).replace(/;.*$/s, '').trim().toLowerCase())
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(['application/json', 'message/rfc822', 'text/plain'], { parseAs: 'buffer' }, (request, body, done) => {
    const taken = isTaken(request)
    const type = request.headers['content-type'] ?? ''
    if (taken) done(null, body)
    else if (taken === false || !/^application\/json\b/i.test(type)) done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(type))
    else if (body.length === 0) done(null, undefined)
    else parseJson(request, body.toString(), done)
  })
  app.addContentTypeParser(['text/csv', 'application/x-ndjson'], (request, _body, done) => {
    if (request.routeOptions.config.streamsBody) done(null)
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type'] ?? ''))
  })
}

/** Short ids that tell requests apart in the log. */
function requestIds(): () => string {
  let last = 0
  return () => `http-${++last}`
}

/** Stands where fastify would make a compiler of its own, which setValidatorCompiler and setSerializerCompiler leave nothing to do for. */
function noCompiler(): never {
  throw new Error('a schema is compiled by something other than zod')
}
