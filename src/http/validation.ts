/**
 * Checks path, query and body of a request against the zod schemas of its route, and lists everything that is wrong at once.
 *
 * The messages stand in the schemas (`must be …`); what was sent is added, cut short.
 */
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import type { Problem } from './problem.ts'

type FieldProblem = NonNullable<Problem['errors']>[number]
type Part = 'params' | 'body' | 'querystring' | 'headers'

/** In the order in which fastify checks them; it stops at the first part that is wrong. */
const parts: readonly Part[] = ['params', 'body', 'querystring', 'headers']
const partNames = { params: 'path', body: 'body', querystring: 'query', headers: 'header' } as const

/** One part of a request is not what its schema says. */
export class InvalidPart extends Error {
  readonly code = 'ERR_INVALID_REQUEST'
  readonly statusCode = 400
  readonly fields: readonly { readonly field: string; readonly detail: string }[]
  /** Set by fastify. */
  declare validationContext?: Part

  constructor(fields: InvalidPart['fields']) {
    super('a part of the request is not valid')
    this.name = 'InvalidPart'
    this.fields = fields
  }
}

/** Makes fastify check a part with its zod schema, and hand on what the schema made of it. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (value: unknown) => {
    // fastify hands on a body that is not there as null.
    const parsed = schema.safeParse(httpPart === 'body' ? (value ?? undefined) : value, { reportInput: true })
    if (parsed.success) return { value: parsed.data }
    return { error: new InvalidPart(parsed.error.issues.flatMap(issue => fieldsOf(issue, schema))) }
  }
}

/** Lists what is wrong in the part that failed and in those that fastify did not come to. */
export function fieldProblems(failed: InvalidPart, request: FastifyRequest): FieldProblem[] {
  const at = failed.validationContext ?? 'body'
  const problems = failed.fields.map(field => ({ in: partNames[at], ...field }))
  for (const part of parts.slice(parts.indexOf(at) + 1)) {
    const value = part === 'querystring' ? request.query : request[part]
    const result: unknown = request.getValidationFunction(part)?.(value)
    if (typeof result === 'object' && result !== null && 'error' in result && result.error instanceof InvalidPart) {
      problems.push(...result.error.fields.map(field => ({ in: partNames[part], ...field })))
    }
  }
  return problems
}

function fieldsOf(issue: z.core.$ZodIssue, schema: z.ZodType): { field: string; detail: string }[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownFields(schema)
    return issue.keys.map(key => ({ field: cut(key), detail: `must not be there; known here: ${known.join(', ') || 'nothing'}` }))
  }
  const field = issue.path.map(String).join('.')
  return [{ field, detail: issue.input === undefined ? `${issue.message}, and is missing` : `${issue.message}, not ${shown(issue.input)}` }]
}

function knownFields(schema: z.ZodType): string[] {
  let inner: unknown = schema
  while (inner !== null && typeof inner === 'object') {
    if ('shape' in inner) return Object.keys(inner.shape as object)
    const { def } = inner as { def?: { innerType?: unknown } }
    inner = def?.innerType ?? null
  }
  return []
}

/** A value as whoever sent it would recognise it, cut short; not its inside, which may be deeper than a stack. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '""' : cut(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
