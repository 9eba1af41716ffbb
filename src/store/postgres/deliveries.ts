/**
 * Webhooks in PostgreSQL: what each endpoint is owed, each held by the node that is sending it, the log of what became of it, and the endpoints
 * that want nothing more.
 */
import { type Delivery, deliveryState, type EndpointStop } from '../delivery-records.ts'
import type { DeliveryFilter } from '../filters.ts'
import type { PageRequest } from '../page.ts'
import type { Store } from '../store.ts'
import type { Database, Run } from './database.ts'
import { conditions, given, type Listing, when } from './listing.ts'
import { free, type Node } from './node.ts'

// What is not due by the clock is only looked at: another node may be the first to be free then.
const due = {
  name: 'due deliveries',
  text: `with due as (
      select id, due_at, data, holder from deliveries
      where endpoint = $6 and state = 'waiting' and due_at <= $1 and ${free('deliveries', 3)}
      order by due_at, id limit $2 for update skip locked),
    taken as (
      update deliveries set holder = $3 from due
      where endpoint = $6 and deliveries.id = due.id and due.due_at <= $5 and due.holder is distinct from $3)
    select data from due order by due_at, id`,
}

export function createDeliveries(
  database: Database,
  node: Node,
  now: () => number,
): Pick<Store, 'dueDeliveries' | 'delivery' | 'endpointStop'> {
  const { run } = database
  return {
    async dueDeliveries(endpoint, at, limit) {
      return (await run<{ data: Delivery }>(due, [at, limit, node.id, node.timeoutMs, now(), endpoint])).map(({ data }) => data)
    },
    async delivery(endpoint, id) {
      const text = 'select data from deliveries where endpoint = $1 and id = $2'
      return (await run<{ data: Delivery }>({ name: 'delivery', text }, [endpoint, id]))[0]?.data ?? null
    },
    async endpointStop(endpoint) {
      const text = 'select data from endpoint_stops where endpoint = $1'
      return (await run<{ data: EndpointStop }>({ name: 'endpoint stop', text }, [endpoint]))[0]?.data ?? null
    },
  }
}

/** The list of an endpoint's webhooks, newest event first. */
export function deliveryListing(filter: DeliveryFilter, page: PageRequest): Listing<Delivery> {
  const { endpoint, state, since, until } = filter
  return {
    name: 'deliveries',
    filter,
    page,
    table: 'deliveries',
    place: ['id'],
    columns: ['at', 'state', 'data'],
    indexed: [when('endpoint = ?', endpoint)],
    tested: conditions(given('state = ?', state), given('at >= ?', since), given('at < ?', until)),
    select: 'walked.data',
    read: row => row.data as Delivery,
  }
}

/** Number of webhooks that wait. */
export async function countWaiting(run: Run): Promise<number> {
  const text = `select count(*) as count from deliveries where state = 'waiting'`
  return (await run<{ count: number }>({ name: 'waiting deliveries', text }))[0]?.count ?? 0
}

// One that is asked for again, or put off, is free for whichever node comes first.
const put = {
  name: 'put deliveries',
  text: `insert into deliveries (endpoint, id, at, due_at, state, data)
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::json[])
    on conflict (endpoint, id) do update set at = excluded.at, due_at = excluded.due_at, state = excluded.state, data = excluded.data,
      holder = case when deliveries.due_at = excluded.due_at then deliveries.holder end`,
}

/** Writes what updates say of webhooks. */
export function putDeliveries(run: Run, changed: readonly Delivery[], stops: ReadonlyMap<string, EndpointStop | null>): Promise<unknown>[] {
  const rows = [...new Map(changed.map(one => [`${one.endpoint}\0${one.id}`, one])).values()]
  const columns = [
    rows.map(({ endpoint }) => endpoint),
    rows.map(({ id }) => id),
    rows.map(({ at }) => at),
    rows.map(({ dueAt }) => dueAt),
    rows.map(deliveryState),
    rows.map(one => JSON.stringify(one)),
  ]
  return [...(rows.length > 0 ? [run(put, columns)] : []), ...[...stops].map(([endpoint, stop]) => putStop(run, endpoint, stop))]
}

function putStop(run: Run, endpoint: string, stop: EndpointStop | null): Promise<unknown> {
  if (stop === null) return run({ text: 'delete from endpoint_stops where endpoint = $1' }, [endpoint])
  const text = 'insert into endpoint_stops values ($1, $2) on conflict (endpoint) do update set data = excluded.data'
  return run({ text }, [endpoint, JSON.stringify(stop)])
}
