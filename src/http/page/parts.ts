/**
 * The small parts of pages: chips, moments, facts, notices, links to the things that have a page of their own.
 *
 * Pure.
 */
import { type Category, categoryFacts } from '../../classify/verdict.ts'
import { html, type Markup, type Value } from '../html.ts'
import type { View } from './view.ts'

/** How a chip looks; its text says the same. */
type Tone = 'good' | 'bad' | 'warn' | 'plain'

/** A status in a word, never in colour alone. */
export function chip(tone: Tone, text: string): Markup {
  return html`<span class="chip ${tone}">${text}</span>`
}

export function addressStatusChip({ words }: View, status: 'blacklisted' | 'ok' | 'unknown'): Markup {
  return chip(({ blacklisted: 'bad', ok: 'good', unknown: 'plain' } as const)[status], words.status[status])
}

export function mailStatusChip({ words }: View, status: 'success' | 'draft' | 'failure' | null): Value {
  return status && chip(({ success: 'good', draft: 'warn', failure: 'bad' } as const)[status], words.mailStatus[status])
}

export function returnStatusChip({ words }: View, status: 'permanent' | 'temporary' | null): Value {
  return status && chip(status === 'permanent' ? 'bad' : 'warn', words.returnStatus[status])
}

/** The label of a category, `manual` and null included. */
export function categoryLabel({ words, language }: View, category: Category | 'manual' | null): string | null {
  if (category === null) return null
  return category === 'manual' ? words.manual : categoryFacts[category].label[language]
}

/** A moment, short; the exact one is a hover away. Null: a dash. */
export function moment({ formats, words }: View, iso: string | null): Markup {
  if (iso === null) return html`${words.none}`
  return html`<time datetime="${iso}" title="${formats.exact(iso)}">${formats.moment(iso)}</time>`
}

/** A moment to the second, with its zone. */
export function exactMoment({ formats }: View, iso: string): Markup {
  return html`<time datetime="${iso}">${formats.exact(iso)}</time>`
}

export function addressLink(address: string): Markup {
  return html`<a class="address" href="${addressPath(address)}">${addressText(address)}</a>`
}

/** An address that may break before its `@`. */
export function addressText(address: string): Markup {
  const at = Math.max(0, address.lastIndexOf('@'))
  return html`${address.slice(0, at)}<wbr>${address.slice(at)}`
}

/** The path of an address's page. */
export function addressPath(address: string): string {
  return `/addresses/${encodeURIComponent(address)}`
}

export function returnPath(id: string): string {
  return `/r/${encodeURIComponent(id)}`
}

export function mailPath(id: string): string {
  return `/mails/${encodeURIComponent(id)}`
}

/** Names and what they are; a null value leaves its name out. */
export function facts(entries: readonly (readonly [name: string, value: Value])[]): Markup {
  const known = entries.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
  return html`<dl class="facts">${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** What was done, or why it was not: announced by screen readers when the page opens. */
export function notice(tone: 'good' | 'bad', text: string): Markup {
  return html`<p class="notice ${tone}" role="${tone === 'good' ? 'status' : 'alert'}">${text}</p>`
}

/** What stands where a table has no rows. */
export function emptyState(title: string, more: Value = null): Markup {
  return html`<div class="empty"><p><strong>${title}</strong></p>${more && html`<p>${more}</p>`}</div>`
}

/** `Jean Dupont <jean@example.com>`, as far as it is known. */
export function correspondent({ words }: View, one: { readonly name: string | null; readonly address: string } | null): Value {
  if (one === null) return words.notKnown
  return one.name === null
    ? html`<span class="address">${one.address}</span>`
    : html`${one.name} <span class="address dim">${one.address}</span>`
}
