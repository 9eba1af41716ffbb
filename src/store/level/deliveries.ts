/**
 * Webhooks in LevelDB: what each endpoint is owed, in the order in which it is due, the log of what became of it, and the endpoints that want
 * nothing more.
 */
import { type Delivery, deliveryState, type EndpointStop } from '../delivery-records.ts'
import type { Store } from '../store.ts'
import type { Changes } from '../update.ts'
import { decode, decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { deliveryIndexes, primary } from './indexes.ts'
import { lastPart, timePart, under } from './keys.ts'
import type { Unit } from './unit.ts'
import { chunkFor, firstKeys, indexPositions, walk } from './walk.ts'

type Deliveries = Pick<Store, 'dueDeliveries' | 'delivery' | 'deliveries' | 'endpointStop'>

export function createDeliveries(engine: Engine): Deliveries {
  return {
    async dueDeliveries(endpoint, now, limit) {
      engine.assertOpen()
      const { gte } = under('wq', endpoint)
      const names = await firstKeys(engine, { gte, lt: gte + timePart(now + 1) }, limit)
      const texts = await engine.readMany(names.map(name => primary.delivery(endpoint, lastPart(name))))
      return texts.flatMap(text => (text === undefined ? [] : [decode<Delivery>(text)]))
    },

    delivery: async (endpoint, id) => decodeOr<Delivery>(engine.read(primary.delivery(endpoint, id))),

    deliveries({ endpoint, state, since = 0, until = Number.POSITIVE_INFINITY }, page) {
      return walk<Delivery>(engine, {
        name: 'deliveries',
        filter: { endpoint, state, since, until },
        page,
        positions: before => indexPositions(engine, { parts: ['wd', endpoint] }, before, chunkFor(page, state === undefined)),
        async load(positions) {
          const texts = await engine.readMany(positions.map(id => primary.delivery(endpoint, id)))
          return texts.map(text => {
            const one = decodeOr<Delivery>(text)
            return one && (state === undefined || deliveryState(one) === state) && one.at >= since && one.at < until ? one : null
          })
        },
      })
    },

    endpointStop: async endpoint => decodeOr<EndpointStop>(engine.read(primary.endpoint(endpoint))),
  }
}

/** Puts what an update says of webhooks. */
export function putDeliveries(engine: Engine, unit: Unit, { deliveries = [], endpointStops = new Map() }: Changes): void {
  for (const one of deliveries) {
    const name = primary.delivery(one.endpoint, one.id)
    const old = decodeOr<Delivery>(engine.read(name))
    unit.put(name, encode(one))
    unit.reindex(old ? deliveryIndexes(old) : [], deliveryIndexes(one))
    unit.add('webhooks', Number(one.ended === null) - Number(old !== null && old.ended === null))
  }
  for (const [endpoint, stop] of endpointStops) {
    if (stop) unit.put(primary.endpoint(endpoint), encode(stop))
    else unit.del(primary.endpoint(endpoint))
  }
}
