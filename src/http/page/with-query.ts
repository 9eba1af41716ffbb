/**
 * Paths with a query, as links carry them.
 *
 * Pure.
 */

/** A path with some fields of its query set; null takes one out. */
export function withQuery(path: string, fields: Readonly<Record<string, string | null>>): string {
  const [bare = '', query = ''] = path.split('?', 2)
  const params = new URLSearchParams(query)
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === '') params.delete(name)
    else params.set(name, value)
  }
  const text = params.toString()
  return text === '' ? bare : `${bare}?${text}`
}
