/**
 * Lines → records of CSV (RFC 4180): a quoted cell may hold separators, quotes and line ends.
 *
 * The package csv-parse reads the cells. What stands here is what hostile files need: a quote that is never closed costs its own line an
 * error, not the rest of the file, because a record is given up after a few lines and reading goes on behind its first.
 * Pure.
 */
import { parse } from 'csv-parse/sync'
import type { TextLine } from './text-lines.ts'

/** Lines of one record: quoted words of a server's may have some. */
const maxRecordLines = 20
const maxRecordLength = 65_536
/** Cells of a record; contact exports have dozens of columns. */
const maxCells = 1000

/** `line` is the record's first. */
export type CsvRecord =
  | { readonly line: number; readonly ok: true; readonly cells: readonly string[] }
  | { readonly line: number; readonly ok: false; readonly why: string }

export type Separator = ',' | ';' | '\t'

type Whole = { readonly line: number; readonly text: string }

/** Joins lines to records. */
export class CsvRecords {
  readonly #separator: Separator
  /** Lines of a record whose last quote is open. */
  #open: Whole[] = []

  constructor(separator: Separator) {
    this.#separator = separator
  }

  /** Takes lines and gives the records that end in them, in their order; empty lines are passed over. */
  read(lines: readonly TextLine[]): CsvRecord[] {
    const found: (CsvRecord | Whole)[] = []
    for (const line of lines) this.#take(line, found)
    return parseAll(found, this.#separator)
  }

  /** Gives up what is open, as the input has ended. */
  end(): CsvRecord[] {
    const found: (CsvRecord | Whole)[] = []
    while (this.#open.length > 0) this.#giveUp(found)
    return parseAll(found, this.#separator)
  }

  #take(line: TextLine, found: (CsvRecord | Whole)[]): void {
    if (!line.ok) {
      // The octets in it are lost, so what was open cannot be closed any more.
      while (this.#open.length > 0) this.#giveUp(found)
      found.push(line)
      return
    }
    if (this.#open.length === 0 && line.text.trim() === '') return
    this.#open.push(line)
    const text = this.#open.map(one => one.text).join('\n')
    if (!isClosed(text)) {
      if (this.#open.length >= maxRecordLines || text.length > maxRecordLength) this.#giveUp(found)
      return
    }
    // Two lines with a stray quote each look like one record: whether they are shows when it is parsed.
    if (this.#open.length > 1 && parseCells(text, this.#separator)?.length !== 1) return this.#giveUp(found)
    found.push({ line: this.#open[0]?.line ?? line.line, text })
    this.#open = []
  }

  /** Says that the first open line is broken, and reads the others again without it. */
  #giveUp(found: (CsvRecord | Whole)[]): void {
    const [broken, ...rest] = this.#open
    this.#open = []
    if (broken) found.push({ line: broken.line, ok: false, why: 'a quoted cell has no end' })
    for (const { line, text } of rest) this.#take({ line, ok: true, text }, found)
  }
}

/** An even number of quotes: what is quoted has its end, doubled quotes count twice. */
function isClosed(text: string): boolean {
  let quotes = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) quotes++
  return quotes % 2 === 0
}

/** Parses neighbours at once, which is ten times as fast as one by one; one by one where that fails. */
function parseAll(found: readonly (CsvRecord | Whole)[], separator: Separator): CsvRecord[] {
  const records: CsvRecord[] = []
  let group: Whole[] = []
  const flush = () => {
    records.push(...parseGroup(group, separator))
    group = []
  }
  for (const one of found) {
    if ('text' in one) group.push(one)
    else {
      flush()
      records.push(one)
    }
  }
  flush()
  return records
}

function parseGroup(group: readonly Whole[], separator: Separator): CsvRecord[] {
  if (group.length === 0) return []
  const rows = parseCells(group.map(({ text }) => text).join('\n'), separator)
  if (rows?.length === group.length) return group.map(({ line }, index) => record(line, rows[index] ?? []))
  return group.map(({ line, text }) => {
    const alone = parseCells(text, separator)
    return alone?.length === 1 ? record(line, alone[0] ?? []) : { line, ok: false, why: 'the quotes in the line are not those of CSV' }
  })
}

function record(line: number, cells: readonly string[]): CsvRecord {
  return cells.length <= maxCells ? { line, ok: true, cells } : { line, ok: false, why: `the line has over ${maxCells} cells` }
}

/** null: it is no CSV. */
function parseCells(text: string, separator: Separator): string[][] | null {
  try {
    return parse(text, { delimiter: separator, relax_column_count: true, record_delimiter: '\n', trim: false }) as unknown as string[][]
  } catch {
    return null
  }
}

/** The separator that stands most often in a first line. */
export function separatorOf(text: string): Separator {
  const counted = ([',', ';', '\t'] as const).map(separator => ({ separator, count: text.split(separator).length }))
  return counted.reduce((most, one) => (one.count > most.count ? one : most)).separator
}
