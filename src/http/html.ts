/**
 * Small pages rendered on the server: no script, one inline style whose hash is all that the Content-Security-Policy allows.
 *
 * Promises: every value put into `html` is escaped, so that no subject, address or diagnostic becomes markup.
 * Pure.
 */
import { createHash } from 'node:crypto'

/** Text that is markup already. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Value = string | number | Markup | readonly Markup[] | null

/** Template tag for markup: values are escaped unless they are markup themselves; null is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.reduce((text, part, index) => `${text}${render(values[index - 1] ?? null)}${part}`))
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere }
pre { padding: .75rem 1rem; border: 1px solid #8886; border-radius: .4rem; white-space: pre-wrap }
dt { font-weight: 600; margin-top: .6rem }
dd { margin: 0; overflow-wrap: anywhere }
`

/** The one style that pages may use, for the Content-Security-Policy. */
export const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** A whole page. */
export function page(title: string, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function render(value: Value): string {
  if (value === null) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.map(one => one.text).join('')
  return String(value).replace(/[&<>"']/g, char => entities[char] ?? char)
}
