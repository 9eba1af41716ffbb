/**
 * The parts of a webhook endpoint's page: its facts, what it was told, and the card that lets it be told again.
 *
 * Pure.
 */
import { html, type Markup, type Value } from '../html.ts'
import type { DeliveryItem, EndpointItem } from '../webhook-items.ts'
import type { TypedDeed } from './deed.ts'
import { deedFields, postForm } from './form-parts.ts'
import { addressLink, chip, exactMoment, facts, moment } from './parts.ts'
import { type PickSaid, pickColumn, pickForm } from './pick-form.ts'
import { table } from './table.ts'
import type { View } from './view.ts'

const tones = { waiting: 'warn', delivered: 'good', failed: 'bad' } as const

/** How the endpoint is. */
export function endpointFacts(
  view: View,
  { url, events, since, restsUntil, oldestWaiting, lastDeliveredAt, lastError }: EndpointItem,
): Markup {
  const { webhooks } = view.words
  const { columns } = webhooks
  return html`<div class="card">${facts([
    [columns.url, html`<span class="address">${url}</span>`],
    [columns.events, events.map(event => webhooks.events[event]).join(', ')],
    [webhooks.disabledSince, since && html`${exactMoment(view, since)}: ${webhooks.gone}`],
    [webhooks.restsUntil, restsUntil && exactMoment(view, restsUntil)],
    [columns.delivered, lastDeliveredAt && exactMoment(view, lastDeliveredAt)],
    [columns.oldest, oldestWaiting && exactMoment(view, oldestWaiting)],
    [columns.lastError, lastError && html`<code lang="en">${lastError}</code>`],
  ])}</div>`
}

/** The button for an endpoint that said it wants nothing more. */
export function enableCard(view: View, action: string, typed: TypedDeed | undefined): Markup {
  const { webhooks } = view.words
  const failed = typed?.ok === false ? typed : undefined
  const fields = html`<p class="dim">${webhooks.enableHelp}</p>${deedFields(view, 'enable', failed?.values, failed?.errors)}<p><button>${webhooks.enable}</button></p>`
  return html`<section class="card" aria-labelledby="enable"><h2 id="enable">${webhooks.enableTitle}</h2>${postForm(view, action, fields)}</section>`
}

/** The delivery log; who may, chooses events in it that are told again. */
export function deliveriesTable(view: View, items: readonly DeliveryItem[], action: string, said: PickSaid = {}): Markup {
  const { words, formats } = view
  const { webhooks } = words
  const { columns } = webhooks
  const mayReplay = view.may('admin')
  const name = ({ event, at }: DeliveryItem) => `${webhooks.events[event]}, ${formats.moment(at)}`
  const rows = table(
    view,
    webhooks.log,
    [
      ...(mayReplay ? [pickColumn<DeliveryItem>(view, 'event', ({ id }) => id, name, said.picked)] : []),
      { head: columns.event, kind: 'title', cell: item => event(view, item) },
      { head: columns.about, kind: 'mailbox', cell: about },
      { head: columns.at, kind: 'when', cell: ({ at }) => moment(view, at) },
      { head: columns.state, cell: ({ state }) => chip(tones[state], webhooks.deliveryStates[state]) },
      { head: columns.attempts, kind: 'count', cell: ({ attempts }) => formats.number(attempts) },
      { head: columns.next, kind: 'when', cell: ({ nextAt }) => nextAt && moment(view, nextAt) },
      { head: columns.answer, cell: answer },
    ],
    items,
  )
  if (!mayReplay) return rows
  return pickForm(view, action, { rows, title: webhooks.replayPicked, buttons: html`<button>${webhooks.replayGo}</button>` }, said)
}

/** What happened, and what is told of it. */
function event({ words }: View, { id, event, data }: DeliveryItem): Markup {
  const { webhooks } = words
  const told = JSON.stringify({ id, ...data }, null, 2)
  return html`<strong>${webhooks.events[event]}</strong><details><summary>${webhooks.told}</summary><pre tabindex="0">${told}</pre></details>`
}

function about({ data: { address, operator } }: DeliveryItem): Value {
  if (typeof address === 'string') return addressLink(address)
  return typeof operator === 'string' ? operator : null
}

function answer({ lastStatus, lastError }: DeliveryItem): Value {
  if (lastError !== null) return html`<code lang="en">${lastError}</code>`
  return lastStatus
}
