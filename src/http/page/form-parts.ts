/**
 * Fields of forms: a label, the control, its help, and what is wrong with it beside it, tied together for screen readers.
 *
 * Pure.
 */
import { html, type Markup, type Value } from '../html.ts'
import type { View } from './view.ts'

type Common = {
  readonly name: string
  readonly label: string
  readonly value?: string | undefined
  /** What is wrong with the value. */
  readonly error?: string | undefined
  readonly help?: string | undefined
  /** Told apart from a field of the same name in another form of the page. */
  readonly id?: string | undefined
}

export type TextField = Common & {
  readonly type?: 'text' | 'search' | 'date' | 'password'
  readonly required?: boolean
  readonly maxLength?: number
  readonly autocomplete?: string
  readonly placeholder?: string
}

/** A line of text, or a day. */
export function textField(field: TextField): Markup {
  const { name, type = 'text', value = '', required = false, maxLength, placeholder, autocomplete = 'off' } = field
  return labelled(
    field,
    html`<input id="${idOf(field)}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}"${required && html` required`}${
      maxLength !== undefined && html` maxlength="${maxLength}"`
    }${placeholder !== undefined && html` placeholder="${placeholder}"`}${described(field)}>`,
  )
}

/** One of some values; `any`: the first, which is none. */
export function choiceField(
  field: Common & { readonly any?: string; readonly options: readonly (readonly [value: string, text: string])[] },
): Markup {
  const { name, value = '', any, options } = field
  const items = [...(any === undefined ? [] : [['', any] as const]), ...options].map(
    ([one, text]) => html`<option value="${one}"${one === value && html` selected`}>${text}</option>`,
  )
  return labelled(field, html`<select id="${idOf(field)}" name="${name}"${described(field)}>${items}</select>`)
}

/** Opens a form that changes something: with the token that shows where it came from. */
export function postForm({ formToken }: View, action: string, body: Value, className = 'deed'): Markup {
  return html`<form class="${className}" method="post" action="${action}"><input type="hidden" name="form" value="${formToken()}">${body}</form>`
}

export type DeedValues = { readonly why?: string | undefined; readonly by?: string | undefined }
export type DeedErrors = { readonly why?: string; readonly by?: string }

/** Who does it, and why: what every change asks for. */
export function deedFields({ words, person }: View, prefix: string, values: DeedValues = {}, errors: DeedErrors = {}): Markup {
  const { why, whyHelp, by, byHelp } = words.form
  return html`${textField({ id: `${prefix}-why`, name: 'why', label: why, help: whyHelp, value: values.why, error: errors.why, required: true, maxLength: 500 })}${
    // Who logged in is known by the token's name.
    person === null &&
    textField({
      id: `${prefix}-by`,
      name: 'by',
      label: by,
      help: byHelp,
      value: values.by,
      error: errors.by,
      maxLength: 100,
      autocomplete: 'name',
    })
  }`
}

function labelled(field: Common, control: Markup): Markup {
  const { label, error, help } = field
  const id = idOf(field)
  return html`<div class="field"><label for="${id}">${label}</label>${control}${
    error !== undefined && html`<p class="error" id="${id}-error">${error}</p>`
  }${help !== undefined && html`<p class="help" id="${id}-help">${help}</p>`}</div>`
}

function described(field: Common): Value {
  const id = idOf(field)
  const by = [field.error !== undefined && `${id}-error`, field.help !== undefined && `${id}-help`].filter(one => one !== false)
  return [by.length > 0 && html` aria-describedby="${by.join(' ')}"`, field.error !== undefined && html` aria-invalid="true"`]
}

function idOf({ id, name }: Pick<Common, 'id' | 'name'>): string {
  return id ?? `field-${name}`
}
