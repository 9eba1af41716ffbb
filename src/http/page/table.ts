/**
 * Tables that become cards on a narrow screen: each cell carries the name of its column.
 *
 * Pure.
 */
import { html, type Markup, type Value } from '../html.ts'
import type { TurnedPage } from './read-page.ts'
import type { View } from './view.ts'
import { withQuery } from './with-query.ts'

export type Column<T> = {
  readonly head: string
  /** How it is laid out: the title of a card, or a number. */
  readonly kind?: string
  readonly cell: (item: T) => Value
}

/** Makes a table with a caption for screen readers. A cell without a value shows a dash, and is left out of a card. */
export function table<T>({ words }: View, caption: string, columns: readonly Column<T>[], items: readonly T[]): Markup {
  const heads = columns.map(({ head, kind }) => html`<th scope="col"${kind !== undefined && html` class="${kind}"`}>${head}</th>`)
  const rows = items.map(item => html`<tr>${columns.map(column => cell(column, item))}</tr>\n`)
  return html`<table class="rows"><caption class="unseen">${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`

  function cell({ head, kind = '', cell }: Column<T>, item: T): Markup {
    const value = cell(item)
    const isEmpty = value === null || value === undefined || value === false || value === ''
    return html`<td data-label="${head}" class="${isEmpty ? `${kind} empty-cell`.trim() : kind}"><div>${isEmpty ? words.none : value}</div></td>`
  }
}

/** Links to the pages of a list, back to its beginning and on; `path` is that of its beginning, filters and all. */
export function paging({ words, formats }: View, { items, cursor, next }: TurnedPage<unknown>, path: string, more: Value = null): Markup {
  return html`<div class="paging"><p>${words.shown(formats.number(items.length), next !== null)}</p>${more}<p class="links">${
    cursor !== null && html`<a class="button quiet" href="${path}">${words.newest}</a>`
  }${next !== null && html`<a class="button quiet" rel="next" href="${withQuery(path, { cursor: next })}">${words.older}</a>`}</p></div>`
}
