/**
 * Links that show all of a list, or what is in one state.
 *
 * Pure.
 */
import { html, type Markup } from '../html.ts'
import { withQuery } from './with-query.ts'

/** Makes the links; `states`: the names by state, `all` among them. */
export function stateLinks(path: string, label: string, states: Readonly<Record<string, string>>, chosen: string = 'all'): Markup {
  const links = Object.entries(states).map(([state, name]) => {
    const here = state === chosen && html` aria-current="true"`
    return html`<a href="${withQuery(path, { state: state === 'all' ? null : state })}"${here}>${name}</a>`
  })
  return html`<nav class="spans" aria-label="${label}">${links}</nav>`
}
