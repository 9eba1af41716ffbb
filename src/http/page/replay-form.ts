/**
 * The form that tells a webhook endpoint again what happened in a time: since when, until when, what became of it, and why.
 *
 * Pure.
 */
import { html, type Markup } from '../html.ts'
import { readDeed } from './deed.ts'
import { asFields, days } from './filters.ts'
import { choiceField, type DeedErrors, type DeedValues, deedFields, postForm, textField } from './form-parts.ts'
import type { View } from './view.ts'

const states = ['failed', 'delivered'] as const

type Replay = {
  readonly filter: { readonly since: number; readonly until?: number; readonly state: (typeof states)[number] }
  readonly deed: { readonly why: string; readonly by: string | null }
}

type Values = DeedValues & { readonly since: string; readonly until: string; readonly state: string }
type Errors = DeedErrors & { readonly since?: string; readonly until?: string; readonly state?: string }

export type ReplayTyped = ({ readonly ok: true } & Replay) | { readonly ok: false; readonly values: Values; readonly errors: Errors }

/** As much of a wrong day as is shown again. */
const maxShown = 40

/** Reads the form; every field that is wrong is told at once. */
export function readReplay(view: View, body: unknown): ReplayTyped {
  const fields = asFields(body)
  const shown = (name: string) => fields[name]?.trim().slice(0, maxShown) ?? ''
  const [typedSince, typedUntil, typedState] = [shown('since'), shown('until'), shown('state') || 'failed']
  const deed = readDeed(view, body)
  const { errors: words } = view.words.returns
  const read = days(view.zone)
  const since = read.since(typedSince)
  const until = typedUntil === '' ? null : read.until(typedUntil)
  const state = states.find(one => one === typedState)
  if (deed.ok && since !== undefined && until !== undefined && state !== undefined) {
    return { ok: true, deed, filter: { since, state, ...(until === null ? {} : { until }) } }
  }
  const values = deed.ok ? { why: deed.why, by: deed.by ?? undefined } : deed.values
  return {
    ok: false,
    values: { ...values, since: typedSince, until: typedUntil, state: typedState },
    errors: {
      ...(deed.ok ? {} : deed.errors),
      ...(since === undefined && { since: words.since }),
      ...(until === undefined && { until: words.until }),
      ...(state === undefined && { state: view.words.webhooks.stateError }),
    },
  }
}

/** Makes the card, open when something in it is to be mended. */
export function replayCard(view: View, action: string, typed: ReplayTyped | undefined): Markup {
  const { webhooks, returns } = view.words
  const failed = typed?.ok === false ? typed : undefined
  const { values, errors } = failed ?? { values: undefined, errors: undefined }
  const day = (name: 'since' | 'until') => ({
    ...{ id: `replay-${name}`, name, label: returns[name], value: values?.[name], error: errors?.[name] },
    type: errors?.[name] === undefined ? ('date' as const) : ('text' as const),
  })
  const options = states.map(state => [state, webhooks.deliveryStates[state]] as const)
  const fields = html`<p class="dim">${webhooks.replayHelp}</p>
${textField({ ...day('since'), required: true })}
${textField({ ...day('until'), help: webhooks.untilHelp })}
${choiceField({ id: 'replay-state', name: 'state', label: webhooks.columns.state, options, value: values?.state ?? 'failed', error: errors?.state })}
${deedFields(view, 'replay', values, errors)}
<p><button>${webhooks.replayGo}</button></p>`
  return html`<details class="card"${failed && html` open`}><summary>${webhooks.replayTime}</summary>${postForm(view, action, fields)}</details>`
}
