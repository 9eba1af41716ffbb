/**
 * HTML → the text a reader sees, as far as a report needs it: tags dropped, blocks on lines of their own, the usual entities decoded.
 *
 * Not a renderer. Never throws; linear; at most `maxHtml` characters are read.
 * Pure.
 */
const maxHtml = 262_144
const blocks = new Set('br p div tr table li ul ol h1 h2 h3 h4 h5 h6 hr pre blockquote td center dd dt'.split(' '))
const unseen = new Set(['style', 'script', 'head', 'title'])
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** Gives the visible text, lines ended by LF, runs of blank lines kept as one. */
export function htmlToText(html: string): string {
  const source = html.slice(0, maxHtml)
  const lower = source.toLowerCase()
  let text = ''
  let at = 0
  while (at < source.length) {
    const open = source.indexOf('<', at)
    if (open === -1) {
      text += source.slice(at)
      break
    }
    text += source.slice(at, open).replace(/\s+/g, ' ')
    const close = source.indexOf('>', open)
    if (close === -1) break
    const inside = source.slice(open + 1, close)
    const name = /^\/?([^\s/]*)/.exec(inside.slice(0, 80))?.[1]?.toLowerCase() ?? ''
    // An address in angle brackets that somebody forgot to escape.
    if (name.includes('@')) text += `<${inside}>`
    else if (blocks.has(name)) text += '\n'
    at = close + 1
    if (unseen.has(name) && !inside.startsWith('/')) {
      const end = lower.indexOf(`</${name}`, at)
      at = end === -1 ? source.length : end
    }
  }
  return text
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
      if (name) return entities[name.toLowerCase()] ?? whole
      const code = decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16)
      return code > 31 && code < 0x110000 ? String.fromCodePoint(code) : ' '
    })
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
}
