/**
 * The change feed in PostgreSQL: changes are committed without a number, and numbered afterwards by whoever reads, one transaction at a time.
 *
 * A number taken in the update's own transaction would let a reader pass one that commits later than a higher one. What is numbered here was
 * committed before: nobody who has read up to a number has missed anything below it.
 */
import type { Change, NumberedChange } from '../change-records.ts'
import type { Store } from '../store.ts'
import type { Database, Run } from './database.ts'

// The row is locked by a statement of its own: the next one sees all that was committed until the lock was had.
const lock = { name: 'feed lock', text: 'select newest from feed_end for update' }
const number = {
  name: 'feed number',
  text: `with waiting as (delete from feed_waiting returning place, at, data),
    numbered as (
      insert into feed (n, at, data)
      select newest + row_number() over (order by place), at, data from waiting, feed_end returning n)
    update feed_end set newest = newest + (select count(*) from numbered) where exists (select from numbered)`,
}

/** Numbers what was committed since the last time. */
export async function numberChanges(database: Database): Promise<void> {
  const [there] = await database.run<{ there: boolean }>({ name: 'feed waits', text: 'select exists (select from feed_waiting) as there' })
  if (!there?.there) return
  await database.transaction(async run => ({ result: null, writes: [run(lock), run(number)] }))
}

export function createFeed(database: Database): Pick<Store, 'changes'> {
  const { run } = database
  return {
    async changes({ after, limit }) {
      await numberChanges(database)
      // Taken first: what is numbered meanwhile is not announced before it can be read.
      const [end] = await run<{ newest: number; oldest: number | null }>({
        name: 'feed end',
        text: 'select newest, (select min(n) from feed) as oldest from feed_end',
      })
      const text = 'select n, data from feed where n > $1 order by n limit $2'
      const rows = await run<{ n: number; data: Change }>({ name: 'feed', text }, [Math.min(after, Number.MAX_SAFE_INTEGER), limit])
      const items = rows.map(({ n, data }): NumberedChange => ({ ...data, n }))
      return { items, oldest: end?.oldest ?? items[0]?.n ?? null, newest: Math.max(end?.newest ?? 0, items.at(-1)?.n ?? 0) }
    },
  }
}

const append = {
  name: 'append feed',
  text: `insert into feed_waiting (at, data) select at, data from unnest($1::bigint[], $2::json[]) with ordinality as given (at, data, n) order by n`,
}

/** Appends changes, in their order. */
export function appendFeed(run: Run, changes: readonly Change[]): Promise<unknown>[] {
  if (changes.length === 0) return []
  return [run(append, [changes.map(({ at }) => at), changes.map(change => JSON.stringify(change))])]
}
