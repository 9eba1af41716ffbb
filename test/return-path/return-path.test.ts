import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { decodeBase32hex, encodeBase32hex } from '../../src/return-path/base32hex.ts'
import { createReturnPath, tokenLength } from '../../src/return-path/return-path.ts'
import { firstIdAt, makeId, timeOfId } from '../../src/return-path/time-id.ts'
import type { Mailbox } from '../../src/smtp/path.ts'

const key = Buffer.alloc(32, 1)
const now = Date.parse('2026-11-24T10:00:00Z')
const day = 86_400_000
const id = makeId(now, Buffer.from([1, 2, 3, 4]))
const open = (more = {}) =>
  createReturnPath({ address: 'b-{token}@{domain}', domain: 'bounces.example.com', keys: [key], maxAgeDays: 30, ...more })
const mailbox = (address: string): Mailbox => ({
  local: address.slice(0, address.lastIndexOf('@')),
  domain: address.slice(address.lastIndexOf('@') + 1),
})

t.test('base32hex is the one of RFC 4648 §10, in lower case', async t => {
  for (const [text, encoded] of [
    ['', ''],
    ['f', 'co'],
    ['fo', 'cpng'],
    ['foo', 'cpnmu'],
    ['foob', 'cpnmuog'],
    ['fooba', 'cpnmuoj1'],
    ['foobar', 'cpnmuoj1e8'],
  ] as const) {
    t.equal(encodeBase32hex(Buffer.from(text)), encoded, text)
    t.equal(Buffer.from(decodeBase32hex(encoded.toUpperCase()) ?? []).toString(), text, encoded)
  }
  for (const bad of ['w', 'c', 'cp', 'co=', 'c o', 'cpnz']) t.equal(decodeBase32hex(bad), null, bad)
  fc.assert(fc.property(fc.uint8Array(), octets => Buffer.from(decodeBase32hex(encodeBase32hex(octets)) ?? []).equals(Buffer.from(octets))))
})

t.test('an id carries its time and sorts by it', async t => {
  t.equal(timeOfId(id), now)
  t.ok(firstIdAt(now) <= id && id < firstIdAt(now + 1))
  fc.assert(
    fc.property(fc.nat(2 ** 47), fc.nat(2 ** 47), (a, b) => {
      const [x, y] = [makeId(a, randomBytes(4)), makeId(b, randomBytes(4))]
      return a === b || a < b === x < y
    }),
  )
  t.same(timeOfId('too short'), Number.NaN)
})

t.test('a token is read back whatever became of its letter case', async t => {
  const path = open()
  const address = path.address(id)
  t.match(address, /^b-[0-9a-v]{38}@bounces\.example\.com$/)
  for (const written of [address, address.toUpperCase(), `${address}.`])
    t.same(path.read(mailbox(written), now), { ok: true, id, at: now }, written)
})

t.test('a token of which any character was changed is forged', async t => {
  const path = open()
  const address = path.address(id)
  for (let i = 2; i < 2 + tokenLength; i++) {
    const other = address[i] === '0' ? '1' : '0'
    t.match(path.read(mailbox(address.slice(0, i) + other + address.slice(i + 1)), now), { ok: false, why: 'forged' }, `character ${i}`)
  }
})

t.test('what is not of our form is foreign', async t => {
  const path = open()
  const address = path.address(id)
  for (const other of [
    address.replace('example.com', 'example.org'),
    address.replace('b-', 'c-'),
    address.slice(0, 39) + address.slice(40),
    `x${address}`,
    'postmaster@bounces.example.com',
  ]) {
    t.match(path.read(mailbox(other), now), { ok: false, why: 'foreign' }, other)
  }
})

t.test('a token ends with maxAgeDays, and a clock that was set back refuses none that is as near', async t => {
  const path = open()
  const address = mailbox(path.address(id))
  t.ok(path.read(address, now + 30 * day).ok)
  t.match(path.read(address, now + 30 * day + 1), { ok: false, why: 'expired' })
  t.ok(path.read(address, now - 30 * day).ok)
  t.match(path.read(address, now - 30 * day - 1), { ok: false, why: 'expired' })
})

t.test('keys rotate: old ones verify, the newest signs, a stranger does neither', async t => {
  const [old, fresh, strange] = [Buffer.alloc(32, 2), Buffer.alloc(32, 3), Buffer.alloc(32, 4)]
  const before = open({ keys: [old] }).address(id)
  const rotated = open({ keys: [fresh, old] })
  t.ok(rotated.read(mailbox(before), now).ok)
  t.not(rotated.address(id), before)
  t.match(open({ keys: [old] }).read(mailbox(rotated.address(id)), now), { ok: false, why: 'forged' })
  t.match(rotated.read(mailbox(open({ keys: [strange] }).address(id)), now), { ok: false, why: 'forged' })
})

t.test('the signature covers the domain', async t => {
  const elsewhere = open({ domain: 'bounces.example.org' }).address(id)
  t.match(open().read({ local: mailbox(elsewhere).local, domain: 'bounces.example.com' }, now), { ok: false, why: 'forged' })
})

t.test('a sub-address of the company works, and a form without room for the token is refused', async t => {
  const path = open({ address: 'crm+b-{token}@example.com' })
  t.match(path.address(id), /^crm\+b-[0-9a-v]{38}@example\.com$/)
  t.ok(path.read(mailbox(path.address(id)), now).ok)
  t.throws(() => open({ address: 'bounces@example.com' }), RangeError)
  t.throws(() => open({ address: `${'x'.repeat(27)}{token}@example.com` }), RangeError)
})

t.test('other senders leave under other domains, the most specific entry decides, and one listener reads them all', async t => {
  const path = open({
    domains: [
      { senders: ['brand-a.com', 'Société.example'], domain: 'bounces.brand-a.com' },
      { senders: ['news.brand-a.com'], domain: 'example.com', address: 'crm+b-{token}@{domain}' },
    ],
  })
  for (const [sender, form] of [
    ['crm@brand-a.com', /^b-[0-9a-v]{38}@bounces\.brand-a\.com$/],
    ['crm@shop.BRAND-A.com.', /^b-[0-9a-v]{38}@bounces\.brand-a\.com$/],
    ['crm@xn--socit-esab.example', /@bounces\.brand-a\.com$/],
    ['crm@news.brand-a.com', /^crm\+b-[0-9a-v]{38}@example\.com$/],
    ['crm@other-brand-a.com', /@bounces\.example\.com$/],
    ['"a@brand-a.com"@brand-b.com', /@bounces\.example\.com$/],
    ['', /@bounces\.example\.com$/],
    [undefined, /@bounces\.example\.com$/],
  ] as const) {
    const address = path.address(id, sender)
    t.match(address, form, String(sender))
    t.same(path.read(mailbox(address), now), { ok: true, id, at: now }, address)
  }
  t.same(path.domains, ['bounces.example.com', 'bounces.brand-a.com', 'example.com'])
  t.same(
    path.domains.map(name => path.owns(name)),
    [true, true, false],
    "the company's own domain is not ours alone",
  )
  const { local } = mailbox(path.address(id, 'crm@brand-a.com'))
  t.match(path.read({ local, domain: 'bounces.example.com' }, now), { ok: false, why: 'forged' }, 'at another of our domains')
  t.match(path.read({ local, domain: 'example.com' }, now), { ok: false, why: 'foreign' })
})

t.test('an envelope id is read back, and is no return path, nor the other way round', async t => {
  const path = open({ mode: 'keep' })
  const envelopeId = path.envelopeId(id)
  t.match(envelopeId, /^[0-9a-v]{38}$/)
  for (const written of [envelopeId, envelopeId.toUpperCase(), ` ${envelopeId} `])
    t.same(path.readEnvelopeId(written, now), { ok: true, id, at: now })
  t.match(path.read({ local: `b-${envelopeId}`, domain: 'bounces.example.com' }, now), { ok: false, why: 'forged' })
  t.match(path.readEnvelopeId(mailbox(path.address(id)).local.slice(2), now), { ok: false, why: 'forged' })
  t.match(path.readEnvelopeId(envelopeId, now + 31 * day), { ok: false, why: 'expired' })
  for (const other of ['', 'QQ314159', `${envelopeId}0`, envelopeId.slice(1)])
    t.match(path.readEnvelopeId(other, now), { ok: false, why: 'foreign' }, other)
})

t.test('reading never throws and never accepts what it did not sign', async t => {
  const path = open()
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom('bounces.example.com', 'x.test', ''),
      (local, domain) => !path.read({ local, domain }, now).ok,
    ),
  )
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-v]{38}$/), token => !path.read({ local: `b-${token}`, domain: 'bounces.example.com' }, now).ok),
  )
  t.pass('no counterexample was found')
})
