/**
 * Markup as values: a template tag that escapes, so that no subject, address or diagnostic of others becomes markup.
 *
 * Promises: every value put into `html` is escaped for text and for quoted attributes, unless it is markup already. Attributes must be quoted.
 * Pure.
 */

/** Text that is markup already. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Value = string | number | Markup | readonly Value[] | null | undefined | false

/** Template tag for markup: values are escaped unless they are markup themselves; null, undefined and false are nothing, a list is its items. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.reduce((text, part, index) => `${text}${render(values[index - 1] ?? null)}${part}`))
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function render(value: Value): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.map(render).join('')
  return String(value).replace(/[&<>"']/g, char => entities[char] ?? char)
}
