/**
 * The accounts after an ordeal: what there is, read over the API, against what everybody was told. What does not agree is a sentence in
 * `wrong`; there must be none.
 *
 * Every mail is in exactly one class. *accepted*: the CRM was told 250, and upstream has it once, octet for octet. *not accepted*: the CRM was told
 * otherwise, or nothing, and upstream does not have it. *indeterminate*: the CRM was not told 250, upstream has it, and the journal does not claim to know.
 */
import { api, type Json } from '../support/crm.ts'
import type { Program } from '../support/program.ts'
import type { Ledger, Mail } from './ledger.ts'

export type Accounts = { readonly counts: Readonly<Record<string, number>>; readonly wrong: readonly string[] }

/** Accepted, and the journal never heard so: the program died behind the 250. Few may be so. */
export const openOutcome = 'accepted without an outcome'

type Journalled = { readonly subject: string | null; readonly outcome: { readonly outcome: string } | null }
type Returned = { readonly source: string; readonly recipient: { readonly address: string } }
type Webhook = { readonly type: string; readonly data: { readonly address?: string } }

/** Compares. `webhooks`: the bodies received, each with its id. */
export async function settleAccounts(
  program: Program,
  ledger: Ledger,
  webhooks: readonly { readonly id: string; readonly body: string }[],
): Promise<Accounts> {
  const wrong: string[] = []
  const counts: Record<string, number> = {}
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1
  }

  const journal = new Map<string, Journalled[]>()
  for (const one of (await all(program, '/v1/messages')) as unknown as Journalled[])
    journal.set(one.subject ?? '', [...(journal.get(one.subject ?? '') ?? []), one])
  for (const mail of ledger.mails.values()) {
    const found = classOf(mail, ledger, journal.get(`mail ${mail.number}`) ?? [])
    if ('class' in found) {
      count(found.class)
      if (found.open) count(openOutcome)
    } else wrong.push(`mail ${mail.number}, told ${mail.told}: ${found.wrong}`)
  }

  const returns = new Map<string, number>()
  for (const { source, recipient } of (await all(program, '/v1/bounces')) as unknown as Returned[])
    if (source === 'dsn') returns.set(recipient.address, (returns.get(recipient.address) ?? 0) + 1)
  const blacklisted = new Set((await all(program, '/v1/blacklist')).map(({ address }) => address))
  const told = new Map<string, Set<string>>()
  for (const { id, body } of webhooks) {
    const { type, data } = JSON.parse(body) as Webhook
    const key = `${type} ${data.address}`
    told.set(key, (told.get(key) ?? new Set()).add(id))
  }
  for (const { who, acknowledged } of ledger.brought.values()) {
    const times = returns.get(who) ?? 0
    if (times > 1) wrong.push(`the return about ${who} is there ${times} times`)
    if (!acknowledged) {
      count('returns not acknowledged')
      continue
    }
    count('returns acknowledged')
    if (times === 0) wrong.push(`the return about ${who} was acknowledged and is not there`)
    if (!blacklisted.has(who)) wrong.push(`${who} is not blacklisted after its return`)
    if (!told.has(`mail.returned ${who}`)) wrong.push(`no webhook told of the return about ${who}`)
    const forwarded = ledger.forwarded.filter(wire => wire.includes(`Undelivered Mail to ${who}\r\n`)).length
    if (forwarded === 0) wrong.push(`the return about ${who} was not forwarded`)
    if (forwarded > 1) count('returns forwarded more than once')
  }
  for (const refused of ledger.returnsRefused) wrong.push(`an honest return was refused for good: ${refused}`)

  for (const { who, may, blocks, unblocks } of ledger.handled.values()) {
    counts['blocks and unblocks acknowledged'] = (counts['blocks and unblocks acknowledged'] ?? 0) + blocks + unblocks
    const is = blacklisted.has(who) ? 'blacklisted' : 'unknown'
    if (!may.includes(is)) wrong.push(`${who} is ${is}, and was acknowledged to be ${may}`)
    for (const [event, times] of [['address.blacklisted', blocks] as const, ['address.unblocked', unblocks] as const])
      if ((told.get(`${event} ${who}`)?.size ?? 0) < times) wrong.push(`${who}: ${times} times ${event}, and fewer webhooks`)
  }
  return { counts, wrong }
}

function classOf(
  mail: Mail,
  { kept: upstream }: Ledger,
  records: readonly Journalled[],
): { class: string; open?: boolean } | { wrong: string } {
  const [kept, ...more] = upstream.get(mail.number) ?? []
  if (more.length > 0) return { wrong: `upstream has it ${1 + more.length} times` }
  if (records.length > 1) return { wrong: `the journal has it ${records.length} times` }
  const [record] = records
  const outcome = record === undefined ? 'no record' : (record.outcome?.outcome ?? 'open')
  if (kept && kept.wire !== mail.wire) return { wrong: 'upstream has other octets' }
  if (!kept) {
    if (mail.told?.startsWith('250')) return { wrong: 'upstream does not have it' }
    return outcome === 'accepted' ? { wrong: 'the journal says accepted, and upstream does not have it' } : { class: 'not accepted' }
  }
  if (record === undefined) return { wrong: 'upstream has it, and the journal does not' }
  if (mail.told?.startsWith('250')) {
    if (String(kept.recipients) !== String(mail.recipients))
      return { wrong: `upstream has it for ${kept.recipients}, not ${mail.recipients}` }
    return outcome === 'accepted' || outcome === 'open'
      ? { class: 'accepted', open: outcome === 'open' }
      : { wrong: `the journal says ${outcome}` }
  }
  if (mail.told?.startsWith('5')) return { wrong: 'upstream has it, and the CRM was refused for good' }
  // A CRM that left may have missed a reply that the journal knows.
  const honest = outcome === 'open' || outcome === 'indeterminate' || (mail.told === null && outcome === 'accepted')
  return honest ? { class: 'indeterminate' } : { wrong: `upstream has it, and the journal says ${outcome}` }
}

/** Every page of a list. */
async function all(program: Program, path: string): Promise<Json[]> {
  const items: Json[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Json = await api(program, `${path}?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
    items.push(...(page.items as Json[]))
    cursor = page.next as string | null
  }
  return items
}
