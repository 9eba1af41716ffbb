/**
 * A list of which some rows are chosen, and what is done to the chosen ones, with a reason.
 *
 * Pure.
 */
import { html, type Markup, type Value } from '../html.ts'
import type { TypedDeed } from './deed.ts'
import { deedFields, postForm } from './form-parts.ts'
import type { Column } from './table.ts'
import type { View } from './view.ts'

/** More than a page shows. */
const maxPicked = 500

/** What was sent and could not be taken, to be shown again. */
export type PickSaid = { readonly typed?: TypedDeed; readonly none?: boolean; readonly picked?: ReadonlySet<string> }

/** The column of the check boxes; `name`: their field, `valueFrom` what they send, `labelFrom` what screen readers say of them. */
export function pickColumn<T>(
  { words }: View,
  name: string,
  valueFrom: (item: T) => string,
  labelFrom: (item: T) => string,
  picked: ReadonlySet<string> = new Set(),
): Column<T> {
  const { pick, choose } = words.picking
  const checked = (item: T) => picked.has(valueFrom(item)) && html` checked`
  return {
    head: pick,
    kind: 'pick',
    cell: item =>
      html`<input type="checkbox" name="${name}" value="${valueFrom(item)}" aria-label="${choose(labelFrom(item))}"${checked(item)}>`,
  }
}

/** The form around the rows; `buttons` say what is done. */
export function pickForm(
  view: View,
  action: string,
  { rows, title, buttons }: { readonly rows: Markup; readonly title: string; readonly buttons: Value },
  { typed, none }: PickSaid,
): Markup {
  const failed = typed?.ok === false ? typed : undefined
  const values = typed?.ok ? { why: typed.why, by: typed.by ?? undefined } : failed?.values
  const nothing = none && html`<p class="error" role="alert">${view.words.picking.none}</p>`
  const deed = html`<section class="card" aria-labelledby="picked"><h2 id="picked">${title}</h2><div class="deed">${nothing}${deedFields(view, 'picked', values, failed?.errors)}<div class="choices">${buttons}</div></div></section>`
  return postForm(view, action, html`${rows}${deed}`, 'with-rows')
}

/** What was chosen in a form. */
export function pickedIn(body: unknown, name: string): string[] {
  const given: unknown[] = typeof body === 'object' && body !== null ? [(body as Record<string, unknown>)[name] ?? []].flat() : []
  return given.slice(0, maxPicked).filter(one => typeof one === 'string')
}
