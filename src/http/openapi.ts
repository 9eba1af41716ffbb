/**
 * `/openapi.json`: the description of the API (OpenAPI 3.1), generated from the schemas that requests and answers are checked with.
 */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { App } from './app.ts'
import { problemResponses } from './problem.ts'

const description = `Why does a customer get no mail, and how is it undone.

Every error is \`application/problem+json\` (RFC 9457); \`/problems\` explains each \`type\`. Times are RFC 3339 in UTC. What is not known is
null. Lists page by an opaque cursor: \`?limit=&cursor=\`, answer \`{ items, next }\` and a \`Link\` header; only \`next: null\` ends a list.

Tokens: \`Authorization: Bearer TOKEN\`, made by \`rebond token new\`. A token does what its scopes say and no more: \`read\`, \`unblock\`,
\`admin\`; none implies another. Without configured tokens, plain requests from the same machine may do everything.`

/** Problems that every guarded route can answer with, beside its own. */
const everywhere = problemResponses(
  'missing-token',
  'invalid-token',
  'insufficient-scope',
  'token-required',
  'too-many-attempts',
  'too-many-requests',
  'internal-error',
  'store-unavailable',
)

/** Loads the generator; it must see every route, so it comes before them. */
export function describeApi(app: FastifyInstance, version: string): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'rebond', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
}

/** Adds to each route what access.ts and errors.ts do for all of them. */
export function documentAccess(app: App): void {
  app.addHook('onRoute', route => {
    const { access } = route.config ?? {}
    if (route.schema === undefined || access === undefined || access === 'none') return
    const security = access === 'local' ? [{}, { token: ['read'] }] : [{ token: [access] }]
    route.schema = { ...route.schema, security, response: { ...everywhere, ...(route.schema.response as object) } }
  })
}

/** Adds the route. */
export function openapiRoute(app: App): void {
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: 'none' },
    schema: { hide: true },
    handler: () => app.swagger(),
  })
}
