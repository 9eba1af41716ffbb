/**
 * A list of addresses as CSV or NDJSON, octets in pieces, to one result a line; memory is bounded by one record.
 *
 * CSV: the first line names the columns, unless it begins with an address. NDJSON: one object a line, each recognised by its own fields.
 * Pure.
 */
import type { Buffer } from 'node:buffer'
import { type CsvRecord, CsvRecords, separatorOf } from './csv-records.ts'
import { type KnownList, knownTitles, recogniseBare, recogniseList } from './list-formats.ts'
import { type Cells, columnName, type Listed } from './listing.ts'
import { type TextLine, TextLines } from './text-lines.ts'

export type ListReader = {
  /** Takes the next piece; gives the lines that end in it. Nothing more once `refused` says why. */
  read(piece: Buffer): Listed[]
  end(): Listed[]
  /** Why the file as a whole cannot be read; null: it can, or it is not known yet. */
  readonly refused: string | null
  /** What the list is, as users know it; null: not known yet. */
  readonly title: string | null
}

/** Makes a reader for `text/csv` or `application/x-ndjson`. */
export function createListReader(type: 'csv' | 'ndjson'): ListReader {
  return type === 'csv' ? new CsvList() : new NdjsonList()
}

class CsvList implements ListReader {
  readonly #lines = new TextLines()
  #records: CsvRecords | null = null
  #list: KnownList | null = null
  #columns: readonly string[] = []
  #refused: string | null = null

  get refused(): string | null {
    return this.#refused
  }

  get title(): string | null {
    return this.#list?.title ?? null
  }

  read(piece: Buffer): Listed[] {
    return this.#take(this.#lines.read(piece), false)
  }

  end(): Listed[] {
    return this.#take(this.#lines.end(), true)
  }

  #take(lines: readonly TextLine[], last: boolean): Listed[] {
    if (this.#refused !== null) return []
    const first = lines.find(line => line.ok && line.text.trim() !== '')
    if (!this.#records && first?.ok) this.#records = new CsvRecords(separatorOf(first.text))
    if (!this.#records) return lines.flatMap(line => (line.ok ? [] : [{ ...line, address: null }]))
    const records = [...this.#records.read(lines), ...(last ? this.#records.end() : [])]
    return records.flatMap(record => this.#one(record))
  }

  #one(record: CsvRecord): Listed[] {
    if (this.#refused !== null) return []
    if (!record.ok) return [{ ...record, address: null }]
    if (this.#list) return [listed(record.line, this.#list, this.#cells(record.cells))]
    const bare = recogniseBare(record.cells)
    this.#list = bare?.list ?? recogniseList(record.cells)
    this.#columns = (bare?.columns ?? record.cells).map(columnName)
    if (!this.#list) {
      const found = record.cells.slice(0, 20).join(', ').slice(0, 200)
      this.#refused = `the first line must name the columns of one of: ${knownTitles.join(', ')}; it holds ${JSON.stringify(found)}`
    }
    return bare && this.#list ? [listed(record.line, this.#list, this.#cells(record.cells))] : []
  }

  /** Of two columns with one name the first counts. */
  #cells(texts: readonly string[]): Cells {
    const cells: Record<string, string> = Object.create(null)
    for (const [index, name] of this.#columns.entries()) cells[name] ??= this.#list?.cell(texts[index] ?? '') ?? ''
    return cells
  }
}

class NdjsonList implements ListReader {
  readonly #lines = new TextLines()
  readonly refused = null
  #title: string | null = null

  get title(): string | null {
    return this.#title
  }

  read(piece: Buffer): Listed[] {
    return this.#lines.read(piece).flatMap(line => this.#one(line))
  }

  end(): Listed[] {
    return this.#lines.end().flatMap(line => this.#one(line))
  }

  #one(line: TextLine): Listed[] {
    if (!line.ok) return [{ ...line, address: null }]
    if (line.text.trim() === '') return []
    const object = parseObject(line.text)
    if (object === null) return [{ line: line.line, ok: false, address: null, why: 'must be a JSON object' }]
    const cells = flatten(object)
    const list = recogniseList(Object.keys(cells))
    if (!list) return [{ line: line.line, ok: false, address: null, why: `must have the fields of one of: ${knownTitles.join(', ')}` }]
    this.#title ??= list.title
    return [listed(line.line, list, cells)]
  }
}

function listed(line: number, list: KnownList, cells: Cells): Listed {
  const read = list.read(cells)
  if (read.ok) return { line, ...read }
  return { line, ok: false, address: (cells.address ?? cells.email ?? cells.emailaddress ?? '').slice(0, 320) || null, why: read.why }
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

/** Fields, and those of the objects in them (a block's `reason`), by their normal name. What is no text or number is not there. */
function flatten(object: object, depth = 0): Cells {
  const cells: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === 'string' || typeof value === 'number') cells[columnName(name)] ??= String(value)
    else if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth === 0)
      for (const [inner, text] of Object.entries(flatten(value, 1))) if (text !== undefined) cells[inner] ??= text
  }
  return cells
}
