/**
 * Writes doc/configuration.md from the one definition of the configuration (src/config/schema.ts, built). `npm run docs` runs it; a test fails
 * when the page and the schema differ. With --check it writes nothing and exits 1 on a difference.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { configSchema } from '../dist/config/schema.js'

const page = fileURLToPath(new URL('configuration.md', import.meta.url))
const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
const defaults = configSchema.parse({})

const inline = value => `\`${JSON.stringify(value)}\``.replace(/\|/g, '\\|')

/** What a value may be, in words. */
function kindOf(node) {
  if (node.anyOf) return node.anyOf.map(kindOf).join(', or ')
  if (node.const !== undefined) return `\`${node.const}\``
  if (node.enum) return node.enum.map(value => `\`${value}\``).join(', ')
  if (node.type === 'null') return '`null`'
  if (node.type === 'array') return `list of ${node.items ? kindOf(node.items) : 'values'}`
  if (node.type === 'object') return `{ ${Object.keys(node.properties ?? {}).join(', ')} }`
  if (node.type === 'integer' || node.type === 'number') return `${node.type === 'integer' ? 'whole number' : 'number'}${range(node)}`
  return node.type === 'boolean' ? '`true`, `false`' : 'text'
}

function range({ minimum, maximum, exclusiveMinimum }) {
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`
  if (exclusiveMinimum !== undefined) return most ? ` above ${exclusiveMinimum}${most}` : ` above ${exclusiveMinimum}`
  return minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? '' : most ? ` ${minimum}${most}` : ` from ${minimum}`
}

function* rows(node, path, value) {
  const isGroup = node.type === 'object' && value !== null && typeof value === 'object' && !Array.isArray(value)
  if (!isGroup) {
    yield `| \`${path}\` | ${kindOf(node)} | ${inline(value)} | ${node.description ?? ''} |`
    return
  }
  if (!node.properties) yield* entries(node, path, value)
  for (const [key, below] of Object.entries(node.properties ?? {})) yield* rows(below, `${path}.${key}`, value[key])
}

/** A group whose keys are the operator's own: what each may hold; nothing is there unless it is written. */
function* entries(node, path, value) {
  yield `| \`${path}\` | group of NAME: { … } | ${inline(value)} | ${node.description ?? ''} |`
  for (const [key, below] of Object.entries(node.additionalProperties.properties))
    yield `| \`${path}.NAME.${key}\` | ${kindOf(below)} | | ${below.description ?? ''} |`
}

function* sections() {
  for (const [key, node] of Object.entries(schema.properties)) {
    const isGroup = node.type === 'object'
    yield `\n## ${key}${isGroup && node.description ? `: ${node.description}` : ''}\n`
    yield '| key | value | default | meaning |\n| --- | --- | --- | --- |'
    yield* rows(node, key, defaults[key])
  }
}

const text = `# Configuration

<!-- Generated from src/config/schema.ts by \`npm run docs\`. Do not edit. -->

One YAML file, named by \`--config\`. Every key has a default, so an empty file is a configuration; unknown keys are errors, and
\`rebond check-config --config FILE\` lists all problems at once. Relative paths are relative to the file. Secrets come from files only.
A listener's \`port: 0\` takes a free port. [config/example.yaml](../config/example.yaml) is a place to start.
${[...sections()].join('\n')}
`

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    process.stderr.write('doc/configuration.md is not what src/config/schema.ts says: run npm run docs\n')
    process.exitCode = 1
  }
} else writeFileSync(page, text)
