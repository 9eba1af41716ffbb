/**
 * What a person does about a bad day over HTTP: decide on returns, end incidents, revert, look at suspects; every answer held against the document.
 */
import t from 'tap'
import { bounceId } from '../../src/judge/bounce-id.ts'
import { newAddress } from '../../src/judge/new-address.ts'
import type { SoftReturn } from '../../src/store/address-record.ts'
import type { Incident } from '../../src/store/surge-records.ts'
import { bounceOf, checkedClient, hour, idAt, journal, keyOf, now, openServer, storeBounces, tokens } from './fixture.ts'

const day = 24 * hour
const claim = { why: 'origin-unproven', grade: 'claimed', counted: false } as const

t.test('a return is confirmed or dismissed once, and the audit says by whom', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  const headers = { authorization: `Bearer ${tokens.unblocker}` }
  const decide = (id: string, verb: string, payload: object = {}) =>
    ask({ method: 'POST', url: `/v1/bounces/${id}/${verb}`, headers, payload })
  const one = bounceOf('a@example.com', await journal(store, ['a@example.com']), claim)
  const two = bounceOf('b@example.com', await journal(store, ['b@example.com']), claim)
  const counted = bounceOf('c@example.com', await journal(store, ['c@example.com']))
  await storeBounces(store, one, two, counted)
  t.match((await decide(one.id, 'confirm', { why: 'he rang' })).json(), { why: 'confirmed', counted: true, addressStatus: 'blacklisted' })
  t.match((await decide(two.id, 'dismiss')).json(), { why: 'dismissed', counted: false, addressStatus: 'unknown' })
  for (const [id, verb] of [
    [one.id, 'dismiss'],
    [two.id, 'confirm'],
    [counted.id, 'confirm'],
  ] as const) {
    const answer = await decide(id, verb)
    t.equal(answer.statusCode, 409)
    t.match(answer.json(), { type: '/problems#cannot-decide' })
  }
  t.equal((await decide('none', 'confirm')).statusCode, 404)
  t.match((await store.audit({ key: keyOf('a@example.com') }, { limit: 1, cursor: null })).items, [
    { op: 'confirm', actor: 'hand', by: 'unblocker', why: /he rang$/ },
  ])
})

t.test('an incident is listed with its returns, and ended', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  const incident: Incident = {
    id: idAt(now),
    operator: 'big.example',
    rule: 'rfc3463-x.1.1',
    category: 'invalid_address',
    openedAt: now,
    lastAt: now,
    held: 1,
    blacklisted: 0,
    closed: null,
  }
  const bounce = bounceOf('a@big.example', await journal(store, ['a@big.example']), { why: 'held', counted: false })
  await storeBounces(store, bounce)
  await store.update({ keys: [] }, () => ({
    changes: { incidents: [incident], members: [{ group: incident.id, bounceId: bounce.id }] },
    result: null,
  }))
  t.match((await ask({ url: '/v1/incidents?state=open' })).json(), { items: [{ id: incident.id, held: 1, closed: null }], next: null })
  t.match((await ask({ url: `/v1/incidents/${incident.id}/bounces` })).json(), { items: [{ id: bounce.id, why: 'held' }], next: null })
  t.equal((await ask({ url: '/v1/incidents/none/bounces' })).statusCode, 404)
  t.equal((await ask({ url: '/v1/incidents?state=maybe' })).statusCode, 400)
  const end = (verb: string) => ask({ method: 'POST', url: `/v1/incidents/${incident.id}/${verb}`, payload: { by: 'support' } })
  t.match((await end('confirm')).json(), { closed: { how: 'confirmed', by: 'support' } })
  t.match((await ask({ url: '/v1/addresses/a@big.example' })).json(), { status: 'blacklisted' })
  t.equal((await end('release')).statusCode, 409)
  t.match((await ask({ url: '/v1/incidents?state=open' })).json(), { items: [] })
})

t.test('a revert says what it would do, does it, and is undone', async t => {
  const fixture = await openServer(t)
  const { store, metrics } = fixture
  const ask = await checkedClient(t, fixture)
  const revert = (payload: object) => ask({ method: 'POST', url: '/v1/blacklist/revert', payload })
  const bounce = bounceOf('a@big.example', await journal(store, ['a@big.example']), claim)
  await storeBounces(store, bounce)
  await ask({ method: 'POST', url: `/v1/bounces/${bounce.id}/confirm` })
  const chosen = { domain: 'BIG.example', since: '2026-11-24', rule: 'rfc3463-x.1.1' }
  t.match((await revert({ ...chosen, dryRun: true })).json(), { id: null, counts: { restored: 1 }, sample: [{ outcome: 'restored' }] })
  t.match((await ask({ url: '/v1/addresses/a@big.example' })).json(), { status: 'blacklisted' })
  const done = (await revert({ ...chosen, why: 'an outage' })).json()
  t.match(done, { id: String, counts: { restored: 1, tooOld: 0 } })
  t.match((await ask({ url: '/v1/addresses/a@big.example' })).json(), { status: 'unknown' })
  t.match((await revert({ revert: done.id })).json(), { counts: { blockedAgain: 1 } })
  t.match((await ask({ url: '/v1/addresses/a@big.example' })).json(), { status: 'blacklisted' })
  for (const bad of [{}, { why: 'all of it' }, { since: 'yesterday' }, { dryRun: 'yes', domain: 'big.example' }, { unknown: 1 }])
    t.match((await revert(bad)).json(), { type: '/problems#invalid-request' }, JSON.stringify(bad))
  t.match((await metrics.blacklistChanges.get()).values, [{}, { value: 1, labels: { op: 'unblock', actor: 'revert' } }, { value: 1 }])
})

t.test('suspects are shown while they are suspects, and blocked in bulk', async t => {
  const fixture = await openServer(t)
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  for (const [name, accepted] of [
    ['a', false],
    ['b', true],
  ] as const) {
    const address = `${name}@example.com`
    const soft: SoftReturn[] = []
    for (let n = 9; n > 4; n--) {
      const message = await journal(store, [address], { at: now - n * day })
      soft.push({ category: 'mailbox_full', rule: 'x', messageId: message.id, at: now - n * day })
    }
    if (accepted) await journal(store, [address], { at: now - 4 * day })
    const key = keyOf(address)
    await store.update({ keys: [key] }, () => ({ changes: { addresses: [{ ...newAddress({ address, key }), soft }] }, result: null }))
  }
  const suspects = await ask({ url: '/v1/suspects' })
  t.match(suspects.json(), { items: [{ address: 'a@example.com', returns: 5, days: 5, categories: ['mailbox_full'] }], next: null })
  t.equal(suspects.json().items.length, 1, 'mail for the other was accepted since')
  const addresses = ['a@example.com', 'b@example.com', 'nobody@example.com']
  const answer = await ask({ method: 'POST', url: '/v1/suspects/block', payload: { addresses, why: 'full for weeks' } })
  t.strictSame(answer.json(), { blocked: ['a@example.com'], left: ['b@example.com', 'nobody@example.com'] })
  t.match((await ask({ url: '/v1/addresses/a@example.com' })).json(), { status: 'blacklisted', reason: { evidence: 'full for weeks' } })
  t.match((await ask({ url: '/v1/suspects' })).json(), { items: [] })
  for (const bad of [{}, { addresses: [] }, { addresses: ['x'] }, { addresses: Array(501).fill('a@example.com') }])
    t.equal((await ask({ method: 'POST', url: '/v1/suspects/block', payload: bad })).statusCode, 400)
})

t.test('kept returns are judged again a page a call, and nobody but an admin may ask', async t => {
  const fixture = await openServer(t, { withTokens: true })
  const { store } = fixture
  const ask = await checkedClient(t, fixture)
  const headers = { authorization: `Bearer ${tokens.admin}` }
  const judged = (payload: object, as = headers) => ask({ method: 'POST', url: '/v1/rejudge', headers: as, payload })
  const message = await journal(store, ['a@example.com'], { verdict: 'refused' })
  const odd = bounceOf('a@example.com', message, {
    id: bounceId(message.id, keyOf('a@example.com'), 'failed'),
    source: 'reply',
    rule: 'of-an-older-version',
    type: 'soft',
    counted: false,
    why: 'soft',
  })
  await storeBounces(store, odd, bounceOf('b@example.com', null))
  const first = (await judged({ dryRun: true, limit: 1 })).json()
  t.equal(typeof first.next, 'string')
  const second = (await judged({ dryRun: true, limit: 1, cursor: first.next })).json()
  const changed = [...first.changed, ...second.changed]
  t.match(changed, [{ id: odd.id, address: 'a@example.com', from: { rule: 'of-an-older-version' }, to: { rule: /./ } }])
  t.match(first.counts.gone + second.counts.gone, 1, 'the mail of the other is not known')
  t.equal((await store.bounce(odd.id))?.rule, 'of-an-older-version', 'a dry run changes nothing')
  t.equal((await judged({ cursor: 'x' })).statusCode, 400)
  t.equal((await judged({ limit: 201 })).statusCode, 400)
  t.equal((await judged({ dryRun: true }, { authorization: `Bearer ${tokens.unblocker}` })).statusCode, 403)
})
