/**
 * The filters of a list as people type them: days in their time zone, the last day included, and what is wrong with each, beside it.
 *
 * Pure.
 */
import type { z } from 'zod'
import { dayAfter, startOfDay } from './formats.ts'

/** Reads what was typed in one field; undefined: it is not what it must be. */
export type FieldParser<T> = (text: string) => T | undefined

export type Filters<T> = {
  /** What was typed, to be shown again. */
  readonly typed: Readonly<Partial<Record<keyof T & string, string>>>
  /** Fields whose value is not what it must be; they filter nothing. */
  readonly wrong: ReadonlySet<keyof T & string>
  /** What the fields mean that were filled in and are right. */
  readonly values: Readonly<Partial<T>>
  readonly cursor: string | null
}

/** As much of a wrong value as is shown again. */
const maxShown = 400

/** Reads the fields of a list's query. */
export function readFilters<T extends object>(query: unknown, parsers: { readonly [Name in keyof T]: FieldParser<T[Name]> }): Filters<T> {
  const fields = asFields(query)
  const typed: Partial<Record<keyof T & string, string>> = {}
  const wrong = new Set<keyof T & string>()
  const values: Partial<T> = {}
  for (const name of Object.keys(parsers) as (keyof T & string)[]) {
    const text = fields[name]?.trim() ?? ''
    if (text === '') continue
    typed[name] = text.slice(0, maxShown)
    const value = parsers[name](text)
    if (value === undefined) wrong.add(name)
    else values[name] = value
  }
  return { typed, wrong, values, cursor: cursorOf(fields) }
}

/** Reads a field as the API reads it. */
export function by<T>(schema: z.ZodType<T>): FieldParser<T> {
  return text => schema.safeParse(text).data
}

/** Reads the days of a time zone: `since` is the beginning of the first, `until` the end of the last. */
export function days(zone: string): { readonly since: FieldParser<number>; readonly until: FieldParser<number> } {
  const begin = (day: string) => {
    const at = startOfDay(day, zone)
    return Number.isNaN(at) ? undefined : at
  }
  return { since: begin, until: day => (begin(day) === undefined ? undefined : begin(dayAfter(day))) }
}

const maxCursor = 2000

/** The cursor in a query; null: the first page. */
export function cursorOf(query: unknown): string | null {
  const { cursor = '' } = asFields(query)
  return cursor === '' || cursor.length > maxCursor ? null : cursor
}

/** The fields of a query or form: text that was given once; the last of those that were given more than once. */
export function asFields(query: unknown): Readonly<Record<string, string>> {
  if (typeof query !== 'object' || query === null) return {}
  const entries = Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value] as const)
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => typeof entry[1] === 'string'))
}
