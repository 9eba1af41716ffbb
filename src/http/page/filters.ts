/**
 * The filters of returned mail as people type them: days in their time zone, the last day included, and what is wrong with each, beside it.
 *
 * Pure.
 */
import type { z } from 'zod'
import type { BounceFilter } from '../../store/filters.ts'
import { addressQuery, categoryQuery, prefixQuery, textQuery, typeQuery } from '../fields.ts'
import { given } from '../given.ts'
import { dayAfter, startOfDay } from './formats.ts'

export const filterNames = ['q', 'address', 'type', 'category', 'list', 'since', 'until'] as const
export type FilterName = (typeof filterNames)[number]

export type Filters = {
  /** What was typed, to be shown again. */
  readonly typed: Readonly<Partial<Record<FilterName, string>>>
  /** Fields whose value is not what it must be; they filter nothing. */
  readonly wrong: ReadonlySet<FilterName>
  readonly filter: BounceFilter
  readonly cursor: string | null
}

/** As much of a wrong value as is shown again. */
const maxShown = 400

/** Reads the query of the page. */
export function readFilters(query: unknown, zone: string): Filters {
  const fields = asFields(query)
  const typed: Partial<Record<FilterName, string>> = {}
  const wrong = new Set<FilterName>()
  const read = <T>(name: FilterName, parse: (text: string) => T | undefined): T | undefined => {
    const text = fields[name]?.trim() ?? ''
    if (text === '') return undefined
    typed[name] = text.slice(0, maxShown)
    const value = parse(text)
    if (value === undefined) wrong.add(name)
    return value
  }
  const day = (text: string) => number(startOfDay(text, zone))
  const filter = given({
    q: read('q', by(prefixQuery)),
    key: read('address', by(addressQuery)),
    type: read('type', by(typeQuery)),
    category: read('category', by(categoryQuery)),
    list: read('list', by(textQuery)),
    since: read('since', day),
    until: read('until', text => (day(text) === undefined ? undefined : day(dayAfter(text)))),
  })
  return { typed, wrong, filter, cursor: cursorOf(fields) }
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

function by<T>(schema: z.ZodType<T>): (text: string) => T | undefined {
  return text => schema.safeParse(text).data
}

function number(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value
}
