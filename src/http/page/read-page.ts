/**
 * Pages of lists as people turn them: a page that would be empty though more follows is turned for them, and a cursor that is none of ours (any
 * more) leads to the first page.
 */
import { BadCursor, type Page, type PageRequest } from '../../store/page.ts'

const pageSize = 50
/** Stretches of rows that one request looks through for matches. */
const maxWalks = 5

/** A page, and the cursor that led to it. `lost`: the cursor that was asked for led nowhere, so it is the first one. */
export type TurnedPage<T> = Page<T> & { readonly cursor: string | null; readonly lost: boolean }

/** What is shown while a filter cannot be read: all of it would look like the answer. */
export const noPage: TurnedPage<never> = { items: [], next: null, cursor: null, lost: false }

/** Loads a page. @throws {StoreUnavailable} */
export async function readPage<T>(cursor: string | null, load: (request: PageRequest) => Promise<Page<T>>): Promise<TurnedPage<T>> {
  try {
    return { ...(await walk(cursor)), cursor, lost: false }
  } catch (err) {
    if (!(err instanceof BadCursor) || cursor === null) throw err
    return { ...(await walk(null)), cursor: null, lost: true }
  }

  async function walk(from: string | null): Promise<Page<T>> {
    let page = await load({ limit: pageSize, cursor: from })
    for (let walks = 1; walks < maxWalks && page.items.length === 0 && page.next !== null; walks++) {
      page = await load({ limit: pageSize, cursor: page.next })
    }
    return page
  }
}
