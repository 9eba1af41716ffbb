/**
 * Which mailing list or campaign a mail is of, and which template: by its header, else by its subject, as `lists` in the configuration says.
 *
 * All values are decoded (RFC 2047). What nothing names is null, never guessed.
 * Pure.
 */
import { type ListSource, listPresets } from '../config/list-presets.ts'
import type { ListsConfig } from '../config/schema.ts'
import { matchWildcard, parseWildcard, type Wildcard } from '../config/wildcard.ts'
import { decodeHeaderText } from '../report/encoded-words.ts'
import type { Header } from '../report/header.ts'

export type ListNames = { readonly list: string | null; readonly template: string | null }

/** Longest name: it stands in keys, and percent-encoded in the API's paths. */
const maxNameLength = 100

/** Reads the names from a header; `subject` as the journal keeps it. */
export type ListReader = (header: Header, subject: string | null) => ListNames

/** Makes the reader of a configuration. */
export function createListReader({ idHeaders, templateHeaders, presets, subjectPatterns }: ListsConfig): ListReader {
  const chosen = presets.map(name => listPresets[name])
  const ids = sourcesOf([...idHeaders.map(header => ({ header })), ...chosen.flatMap(preset => preset.ids)])
  const templates = sourcesOf([...templateHeaders.map(header => ({ header })), ...chosen.flatMap(preset => preset.templates)])
  const marks = chosen.flatMap(({ subjectWhen }) => (subjectWhen === undefined ? [] : [subjectWhen.toLowerCase()]))
  const patterns = subjectPatterns.flatMap(({ match, list }) => {
    const wildcard = wildcardOf(match)
    return wildcard ? [{ wildcard, list }] : []
  })
  const wanted = new Set([...ids, ...templates].map(({ header }) => header).concat(marks))

  function bySubject(subject: string, fields: ReadonlyMap<string, string>): string | null {
    for (const { wildcard, list } of patterns) {
      const found = matchWildcard(wildcard, subject)
      if (found !== null) return nameOf(list ?? found)
    }
    return marks.some(mark => fields.has(mark)) ? nameOf(subject) : null
  }

  return (header, subject) => {
    const fields = new Map<string, string>()
    for (const { name, value } of header.fields) if (wanted.has(name) && !fields.has(name)) fields.set(name, value)
    const template = firstOf(templates, fields)
    return { list: firstOf(ids, fields) ?? (subject === null ? null : bySubject(subject, fields)), template }
  }
}

type Source = { readonly header: string; readonly wildcard: Wildcard | null }

function sourcesOf(sources: readonly ListSource[]): readonly Source[] {
  return sources.map(({ header, pattern }) => ({
    header: header.toLowerCase(),
    wildcard: pattern === undefined ? null : wildcardOf(pattern),
  }))
}

function wildcardOf(pattern: string): Wildcard | null {
  const parsed = parseWildcard(pattern)
  return parsed.ok ? parsed.wildcard : null
}

/** What the first of these fields that says something says. */
function firstOf(sources: readonly Source[], fields: ReadonlyMap<string, string>): string | null {
  if (fields.size === 0) return null
  for (const { header, wildcard } of sources) {
    const raw = fields.get(header)
    if (raw === undefined) continue
    const text = decodeHeaderText(raw)
    // A List-Id is what stands in its brackets (RFC 2919 §3).
    const name = nameOf(
      wildcard ? (matchWildcard(wildcard, text) ?? '') : header === 'list-id' ? (/<([^<>]+)>/.exec(text)?.[1] ?? text) : text,
    )
    if (name !== null) return name
  }
  return null
}

function nameOf(text: string): string | null {
  // Not the first half of a character.
  const name = text
    .slice(0, maxNameLength)
    .replace(/[\ud800-\udbff]$/, '')
    .trim()
  return name === '' ? null : name
}
