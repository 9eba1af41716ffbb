/**
 * The form above a list: its fields, the button, and the link that clears it. Its results stand in `#results`, which page.js refreshes as one types.
 *
 * Pure.
 */
import { html, type Markup, type Value } from '../html.ts'
import type { Filters } from './filters.ts'
import { emptyState } from './parts.ts'
import type { View } from './view.ts'

/** Makes the form around its fields; `path`: the list without filters. */
export function filterForm<T>({ words }: View, path: string, { typed }: Filters<T>, fields: Value, className = 'filters'): Markup {
  const { filters, apply, clear } = words.returns
  const clearing = Object.keys(typed).length > 0 && html` <a class="button quiet" href="${path}">${clear}</a>`
  return html`<form class="${className}" method="get" action="${path}" aria-label="${filters}" data-live="results">
${fields}
<div class="field buttons"><button>${apply}</button>${clearing}</div>
</form>`
}

/** What a field of the form shows: what was typed, and what is wrong with it. */
export function filterField<T, N extends keyof T & string>(
  { typed, wrong }: Filters<T>,
  name: N,
  error: string,
): { readonly name: N; readonly value: string | undefined; readonly error: string | undefined } {
  return { name, value: typed[name], error: wrong.has(name) ? error : undefined }
}

/** A field for a day; a control for days would not show what is none. */
export function dayField<T, N extends keyof T & string>(filters: Filters<T>, name: N, error: string) {
  return { ...filterField(filters, name, error), type: filters.wrong.has(name) ? ('text' as const) : ('date' as const) }
}

/** What stands where a list shows nothing: because a field is wrong, because more is to be looked through, because nothing matches, or there is nothing. */
export function emptyList<T>({ words }: View, { typed, wrong }: Filters<T>, more: boolean, empty: Markup): Markup {
  const { emptyWrong, emptySoFar, emptyFiltered } = words.returns
  if (wrong.size > 0) return emptyState(emptyWrong)
  if (more) return emptyState(emptySoFar)
  return Object.keys(typed).length > 0 ? emptyState(emptyFiltered) : empty
}
