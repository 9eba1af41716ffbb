/**
 * A store after some weeks and a bad day, for looking at: lists with their counters, suspects, an incident that holds returns, mail that could not be
 * forwarded, webhooks that were not taken. The sandbox cannot make these within a test: they take days.
 */
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Category, verdictOf } from '../../src/classify/verdict.ts'
import { newAddress } from '../../src/judge/new-address.ts'
import { createLog } from '../../src/observe/log.ts'
import type { Delivery } from '../../src/store/delivery-records.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import type { Bounce } from '../../src/store/return-records.ts'
import type { Store } from '../../src/store/store.ts'
import type { Tally } from '../../src/store/tally.ts'
import { bounceOf, idAt, journal, storeBounces } from '../http/fixture.ts'
import { owe } from '../intake/post-office.ts'
import { temporaryDirectory } from '../support/program.ts'

const hour = 3_600_000
const day = 24 * hour
/** Addresses that the open incident holds. */
export const heldCount = 7
export const suspects = ['paul.lemaire@orange.example', 'claire@wanadoo.example', 'info@atelier-du-bois.example']

type Cause = readonly [category: Category, rule: string, words: string]
const causes: readonly [Cause, ...Cause[]] = [
  ['invalid_address', 'rfc3463-x.1.1', '550 5.1.1 <%>: Recipient address rejected: User unknown in virtual mailbox table'],
  ['invalid_domain', 'unknown-domain', 'Host or domain name not found. Name service error for name=% type=AAAA: Host not found'],
  ['mailbox_full', 'rfc3463-x.2.2', '452 4.2.2 The email account that you tried to reach is over quota (%)'],
  ['temporary', 'greylisting', '450 4.7.1 <%>: Recipient address rejected: Greylisted, try again later'],
]

/** Makes the store in a directory that `startProgram` takes; gives the directory and the ids of the incidents, the open one first. */
export async function badDay(t: Test): Promise<{ readonly directory: string; readonly incidents: readonly [string, string] }> {
  const directory = await temporaryDirectory(t)
  const now = Date.now()
  const store = await openLevelStore({ path: join(directory, 'data'), now: Date.now, log: createLog('silent') })
  await ordinaryDays(store, now)
  for (const [at, address] of suspects.entries()) await suspect(store, address, now - at * hour)
  const open = await incident(store, now - hour, null)
  const over = await incident(store, now - 9 * day, { at: now - 8 * day, how: 'decided', by: null, why: 'every return it held is decided' })
  await owe(
    store,
    'x',
    { receivedAt: now - day },
    { deadAt: now - hour, attempts: 12, lastError: '550 5.1.1 no such user: sales@shop.example' },
  )
  await owe(
    store,
    'x',
    { receivedAt: now - hour },
    { dueAt: now + day, attempts: 3, lastError: '451 4.3.0 try again later', inDoubt: true },
  )
  await store.update({ keys: [] }, () => ({ changes: { deliveries: deliveries(now) }, result: null }))
  await store.close()
  return { directory, incidents: [open, over] }
}

/** Thirty days of two campaigns, and returns of each cause. */
async function ordinaryDays(store: Store, now: number): Promise<void> {
  const tallies: Tally[] = []
  for (let ago = 0; ago < 30; ago++) {
    const at = now - ago * day - hour
    const list = ago % 3 === 0 ? 'autumn-2026' : 'newsletter'
    const adds = { sent: 120 + ((ago * 37) % 90), recipients: 130 + ((ago * 37) % 90), refusedByUs: ago % 7, refusedByUpstream: ago % 3 }
    tallies.push({ list, at, adds })
    tallies.push({
      list,
      at,
      domain: 'orange.example',
      adds: { 'hard.invalid_address': 2 + (ago % 4), 'soft.mailbox_full': 1 + (ago % 2) },
    })
    tallies.push({ list, at, domain: 'wanadoo.example', adds: { 'soft.temporary': 3 - (ago % 3), 'hard.invalid_domain': ago % 2 } })
  }
  await store.update({ keys: [] }, () => ({ changes: { tallies }, result: null }))
  for (let at = 0; at < 24; at++) {
    const [category, rule, words] = causes[at % causes.length] ?? causes[0]
    const address = `client.${at}@${at % 2 ? 'orange.example' : 'un-nom-de-domaine-vraiment-tres-long.example'}`
    const list = at % 3 ? 'newsletter' : 'autumn-2026'
    const subject = at % 2 ? `Votre commande n° ${1000 + at} est en route` : 'Nos offres d’automne, jusqu’à dimanche'
    const message = await journal(store, [address], { at: now - at * 5 * hour - hour, list, subject })
    await storeBounces(store, returned(address, message, now - at * 5 * hour, category, rule, words.replace('%', address)))
  }
  await journal(
    store,
    Array.from({ length: 9 }, (_, at) => `equipe.${at}@client.example`),
    { at: now - 2 * hour, subject: 'Réunion de lundi' },
  )
}

type Mail = Awaited<ReturnType<typeof journal>>

function returned(address: string, message: Mail, receivedAt: number, category: Category, rule: string, evidence: string): Bounce {
  const verdict = verdictOf(category, rule)
  const hard = verdict.type === 'hard'
  return bounceOf(address, message, { ...verdict, receivedAt, evidence, counted: hard, why: hard ? 'blacklisted' : 'soft' })
}

async function suspect(store: Store, address: string, last: number): Promise<void> {
  const bounces: Bounce[] = []
  for (let ago = 5; ago >= 0; ago--) {
    const message = await journal(store, [address], { at: last - ago * day - hour, outcome: 'deferred', list: 'newsletter' })
    bounces.push(returned(address, message, last - ago * day, 'mailbox_full', 'rfc3463-x.2.2', '452 4.2.2 Mailbox full'))
  }
  await storeBounces(store, ...bounces)
  const soft = bounces.map(({ category, rule, messageId, receivedAt }) => ({ category, rule, messageId: messageId ?? '', at: receivedAt }))
  await store.update({ keys: bounces.map(({ key }) => key) }, ({ addresses }) => {
    const records = [...addresses.values()].map(record => ({ ...record, soft, counts: { hard: 0, soft: soft.length, uncounted: 0 } }))
    return { changes: { addresses: records }, result: null }
  })
}

async function incident(
  store: Store,
  openedAt: number,
  closed: { at: number; how: 'decided'; by: null; why: string } | null,
): Promise<string> {
  const id = idAt(openedAt)
  const operator = closed ? 'small.example' : 'big-provider.example'
  const bounces: Bounce[] = []
  for (let at = 0; at < heldCount; at++) {
    const address = `user${at}@${operator}`
    const message = await journal(store, [address], { at: openedAt - hour, list: 'newsletter', subject: 'Nos offres d’automne' })
    bounces.push(bounceOf(address, message, { receivedAt: openedAt + at * 60_000, why: closed ? 'released' : 'held', counted: false }))
  }
  const members = bounces.map(bounce => ({ group: id, bounceId: bounce.id }))
  const addresses = bounces.map(bounce => ({
    ...newAddress(bounce),
    held: closed ? null : { incident: id, bounceId: bounce.id, messageId: bounce.messageId ?? '', at: bounce.receivedAt },
  }))
  const rule = 'rfc3463-x.1.1'
  const found = {
    id,
    operator,
    rule,
    category: 'invalid_address',
    openedAt,
    lastAt: openedAt + hour / 2,
    held: heldCount,
    blacklisted: 0,
    closed,
  } as const
  await store.update({ keys: addresses.map(({ key }) => key), bounceIds: bounces.map(one => one.id) }, () => ({
    changes: { addresses, bounces, incidents: [found], members },
    result: null,
  }))
  return id
}

function deliveries(now: number): Delivery[] {
  const told = (id: string, how: 'failed' | 'delivered', event: Delivery['event'], data: object): Delivery => ({
    ...{ id, endpoint: 'crm', event, at: now - 5 * day, data: { ...data }, bounceId: null, since: now - 5 * day, dueAt: now, attempts: 11 },
    lastStatus: how === 'failed' ? 500 : 204,
    lastError: how === 'failed' ? 'it answered 500' : null,
    ended: { at: now - 2 * day, how },
  })
  return [
    told('msg-1', 'failed', 'address.blacklisted', { address: 'client.0@orange.example', reason: { category: 'invalid_address' } }),
    told('msg-2', 'delivered', 'mail.returned', { address: 'client.2@orange.example' }),
    told('msg-3', 'failed', 'incident.opened', { operator: 'big-provider.example' }),
  ]
}
