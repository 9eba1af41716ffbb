/**
 * Blocks in LevelDB: the lookup of every RCPT, the blacklist as a list, and how many are in force.
 */

import { type AddressKey, domainKey, domainOfKey } from '../../smtp/path.ts'
import type { AddressRecord, Block } from '../address-record.ts'
import { isPseudonym } from '../erased.ts'
import type { BlacklistFilter } from '../filters.ts'
import { inForce } from '../in-force.ts'
import type { Page, PageRequest } from '../page.ts'
import { decode, decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { readErased } from './erased-addresses.ts'
import { blockIndexes, primary, suspectIndexes } from './indexes.ts'
import { lastPart, timePart, under } from './keys.ts'
import type { Unit } from './unit.ts'
import { chunkFor, type IndexRange, indexPositions, walk } from './walk.ts'

/** The block in force of each key, in the same tick. */
export function lookupBlocks(engine: Engine, keys: readonly AddressKey[], now: number): (Block | null)[] {
  return keys.map(address => {
    const text = engine.read(primary.block(address)) ?? readErased(engine, primary.block, address)
    const block = text === undefined ? null : decode<Block>(text)
    return block && inForce(block, now) ? block : null
  })
}

/** Puts an address with its block and the block's indexes; `old` is the record it replaces. */
export function putAddress(unit: Unit, record: AddressRecord, old: AddressRecord | null): void {
  unit.put(primary.address(record.key), encode(record))
  if (record.block) unit.put(primary.block(record.key), encode(record.block))
  else if (old?.block) unit.del(primary.block(record.key))
  unit.reindex(old ? blockIndexes(old) : [], blockIndexes(record))
  unit.reindex(old ? suspectIndexes(old) : [], suspectIndexes(record))
  unit.add('blocks', Number(record.block !== null) - Number((old?.block ?? null) !== null))
  if (old === null && isPseudonym(record.key)) unit.add('hashed', 1)
}

/** Forgets an address, with its block. */
export function deleteAddress(unit: Unit, { key: address, block, ...rest }: AddressRecord): void {
  unit.del(primary.address(address))
  if (block) unit.del(primary.block(address))
  for (const name of [...blockIndexes({ key: address, block }), ...suspectIndexes({ key: address, block, ...rest })]) unit.del(name)
  unit.add('blocks', -Number(block !== null))
  if (isPseudonym(address)) unit.add('hashed', -1)
}

/** Gives a page of the blocks in force, newest block first. */
export function listBlocks(engine: Engine, given: BlacklistFilter, page: PageRequest, now: number): Promise<Page<Block>> {
  const filter = given.domain === undefined ? given : { ...given, domain: domainKey(given.domain) }
  const range = blockRange(filter)
  return walk<Block>(engine, {
    name: 'blacklist',
    filter,
    page,
    positions: before => indexPositions(engine, range, before, chunkFor(page, Object.keys(filter).length < 2)),
    async load(positions) {
      const texts = await engine.readMany(positions.map(position => primary.block(lastPart(position))))
      return texts.map((text, index) => {
        const block = decodeOr<Block>(text)
        const position = positions[index] ?? ''
        const moved = !block || !position.startsWith(timePart(block.since))
        return !moved && inForce(block, now) && wanted(block, lastPart(position) as AddressKey, filter) ? block : null
      })
    },
  })
}

/** The index that leads to the fewest rows; the positions in all of them are time and address key. */
function blockRange(filter: BlacklistFilter): IndexRange {
  const bounds = {
    ...(filter.since === undefined ? {} : { from: timePart(filter.since) }),
    ...(filter.until === undefined ? {} : { below: timePart(filter.until) }),
  }
  if (filter.domain !== undefined) return { parts: ['bd', filter.domain], ...bounds }
  if (filter.category !== undefined) return { parts: ['bc', filter.category], ...bounds }
  return { parts: ['bt'], ...bounds }
}

function wanted(block: Block, address: AddressKey, { category, domain }: BlacklistFilter): boolean {
  return (category === undefined || block.category === category) && (domain === undefined || domainOfKey(address) === domain)
}

/** The number of blocks in force: all that stand, less those whose time is up and that nobody has removed yet. */
export async function countBlocks(engine: Engine, now: number): Promise<number> {
  let ended = 0
  const { gte } = under('be')
  for await (const names of engine.keys({ gte, lt: gte + timePart(now + 1) }, 1000)) ended += names.length
  return engine.count('blocks') - ended
}
