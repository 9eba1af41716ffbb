/**
 * A YAML file → the value in it, or every problem with its line.
 */
import { readFile } from 'node:fs/promises'
import { LineCounter, parseDocument } from 'yaml'

/** Aliases that a file may expand: enough for a hand-written one, not for a "billion laughs". */
const maxAliases = 100

export type ReadYaml = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problems: readonly string[] }

/** Reads `file`; `what` names it in the sentence that says it cannot be read. */
export async function readYaml(file: string, what: string): Promise<ReadYaml> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (err) {
    const why = (err as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (err as Error).message
    return { ok: false, problems: [`${file}: must be ${what} that can be read: ${why}`] }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => `${file}:${lines.linePos(pos[0]).line}: must be YAML: ${firstLine(message)}`)
    return { ok: false, problems }
  }
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: maxAliases }) }
  } catch (err) {
    return { ok: false, problems: [`${file}: must be YAML that can be expanded: ${firstLine((err as Error).message)}`] }
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
