/**
 * Pages of lists as people turn them: a page that would be empty though more follows is turned for them, and a cursor that is none of ours (any
 * more) leads to the first page.
 */
import { BadCursor, type Page, type PageRequest } from '../../store/page.ts'

const pageSize = 50
/** Stretches of rows that one request looks through for matches. */
const maxWalks = 5

/** Loads a page. `lost`: its cursor led nowhere, so it is the first one. @throws {StoreUnavailable} */
export async function readPage<T>(
  cursor: string | null,
  load: (request: PageRequest) => Promise<Page<T>>,
): Promise<Page<T> & { readonly lost: boolean }> {
  try {
    return { ...(await walk(cursor)), lost: false }
  } catch (err) {
    if (!(err instanceof BadCursor) || cursor === null) throw err
    return { ...(await walk(null)), lost: true }
  }

  async function walk(from: string | null): Promise<Page<T>> {
    let page = await load({ limit: pageSize, cursor: from })
    for (let walks = 1; walks < maxWalks && page.items.length === 0 && page.next !== null; walks++) {
      page = await load({ limit: pageSize, cursor: page.next })
    }
    return page
  }
}
