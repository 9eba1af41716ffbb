/**
 * The surge guard's windows and incidents in LevelDB, and the lists of returns that belong to an incident or a revert.
 *
 * They belong to operators, not to addresses: a lock held until the disk has answered would let one return of a large provider be judged at a
 * time. Instead what is not on disk yet is read from memory, and an update reads, folds and writes them in one tick.
 */

import type { AddressRecord } from '../address-record.ts'
import type { IncidentFilter } from '../filters.ts'
import type { Page, PageRequest } from '../page.ts'
import type { Bounce } from '../return-records.ts'
import type { Incident, SurgeWindow } from '../surge-records.ts'
import type { Changes, Facts, FactsRequest } from '../update.ts'
import { decode, decodeOr, encode } from './codec.ts'
import type { Engine } from './engine.ts'
import { incidentIndexes, primary } from './indexes.ts'
import { key, lastPart } from './keys.ts'
import type { Unit } from './unit.ts'
import { chunkFor, indexPositions, walk } from './walk.ts'

type Written = ReadonlyMap<string, string>

export type Surges = {
  /** What an update sees: call it in the tick of its fold. */
  read(request: FactsRequest, addresses: Iterable<AddressRecord>): Pick<Facts, 'windows' | 'incidents'>
  /** Puts what an update changes; gives what `settle` wants when the unit is on disk, or was refused. */
  put(unit: Unit, changes: Changes): Written
  settle(written: Written): void
}

export function createSurges(engine: Engine): Surges {
  /** What is written and not on disk yet. */
  const underWay = new Map<string, string>()

  function readText(name: string): string | undefined {
    return underWay.get(name) ?? engine.read(name)
  }

  return {
    read({ operators = [], incidents: asked = [] }, addresses) {
      const windows = new Map<string, SurgeWindow>()
      for (const operator of operators) {
        const window = decodeOr<SurgeWindow>(readText(primary.window(operator)))
        if (window) windows.set(operator, window)
      }
      const ids = new Set(asked)
      for (const { incidents } of windows.values()) for (const { id } of Object.values(incidents)) ids.add(id)
      for (const { held } of addresses) if (held) ids.add(held.incident)
      const incidents = new Map<string, Incident>()
      for (const id of ids) {
        const incident = decodeOr<Incident>(readText(primary.incident(id)))
        if (incident) incidents.set(id, incident)
      }
      return { windows, incidents }
    },

    put(unit, { windows = new Map(), incidents = [], members = [] }) {
      const written = new Map<string, string>()
      for (const [operator, window] of windows) written.set(primary.window(operator), encode(window))
      for (const incident of incidents) {
        const name = primary.incident(incident.id)
        const old = decodeOr<Incident>(readText(name))
        written.set(name, encode(incident))
        unit.reindex(old ? incidentIndexes(old) : [], incidentIndexes(incident))
      }
      for (const { group, bounceId } of members) unit.mark(key('ih', group, bounceId))
      for (const [name, text] of written) {
        unit.put(name, text)
        underWay.set(name, text)
      }
      return written
    },

    settle(written) {
      for (const [name, text] of written) if (underWay.get(name) === text) underWay.delete(name)
    },
  }
}

/** Gives a page of incidents, newest first. */
export function listIncidents(engine: Engine, filter: IncidentFilter, page: PageRequest): Promise<Page<Incident>> {
  return walk<Incident>(engine, {
    name: 'incidents',
    filter,
    page,
    positions: before => indexPositions(engine, { parts: [filter.state === 'open' ? 'io' : 'in'] }, before, chunkFor(page, true)),
    async load(ids) {
      const texts = await engine.readMany(ids.map(primary.incident))
      return texts.map(text => {
        const incident = decodeOr<Incident>(text)
        return incident && (filter.state === undefined || (incident.closed === null) === (filter.state === 'open')) ? incident : null
      })
    },
  })
}

/** Gives a page of the returns that a group lists. */
export function listMembers(engine: Engine, group: string, page: PageRequest): Promise<Page<Bounce>> {
  return walk<Bounce>(engine, {
    name: 'members',
    filter: { group },
    page,
    positions: before => indexPositions(engine, { parts: ['ih', group] }, before, chunkFor(page, true)),
    async load(ids) {
      const texts = await engine.readMany(ids.map(primary.bounce))
      return texts.map(text => (text === undefined ? null : decode<Bounce>(text)))
    },
  })
}

/** Gives a page of the addresses whose mail comes back soft again and again. */
export function listSuspects(
  engine: Engine,
  page: PageRequest,
  read: (key: AddressRecord['key']) => AddressRecord | null,
): Promise<Page<AddressRecord>> {
  return walk<AddressRecord>(engine, {
    name: 'suspects',
    filter: {},
    page,
    positions: before => indexPositions(engine, { parts: ['su'] }, before, chunkFor(page, true)),
    load: async positions => positions.map(position => read(lastPart(position) as AddressRecord['key'])),
  })
}
