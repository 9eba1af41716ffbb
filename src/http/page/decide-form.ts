/**
 * The form with which a person decides on a return or on an incident: a reason, and one button for each way out.
 *
 * Pure.
 */
import { html, type Markup } from '../html.ts'
import type { TypedDeed } from './deed.ts'
import { deedFields, postForm } from './form-parts.ts'
import type { View } from './view.ts'

export type Choice = { readonly verb: string; readonly label: string; readonly tone: 'danger' | 'quiet' | 'main' }

/** Makes the card; `typed`: what was sent and could not be taken. */
export function decideCard(
  view: View,
  action: string,
  { title, help, choices }: { readonly title: string; readonly help: string; readonly choices: readonly Choice[] },
  typed: TypedDeed | undefined,
): Markup {
  const failed = typed?.ok === false ? typed : undefined
  const buttons = choices.map(
    ({ verb, label, tone }) => html`<button${tone !== 'main' && html` class="${tone}"`} name="verb" value="${verb}">${label}</button>`,
  )
  const fields = html`<p class="dim">${help}</p>${deedFields(view, 'decide', failed?.values, failed?.errors)}
<div class="choices">${buttons}</div>`
  return html`<section class="card" aria-labelledby="decide"><h2 id="decide">${title}</h2>${postForm(view, action, fields)}</section>`
}
