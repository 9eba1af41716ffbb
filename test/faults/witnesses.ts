/**
 * Those who bring returns, and those who block and unblock: each notes what it was told.
 */
import { returnFor } from '../support/crm.ts'
import { acknowledge, type Handled, type Ledger } from './ledger.ts'
import { dial, rest, type Worker } from './numbered-crm.ts'

/** Brings a return for one recipient of mails that upstream has; again, as a mail server does, while it is told to come later. */
export async function bringReturns(worker: Worker): Promise<void> {
  const { ledger, chance, stopped, restMs } = worker
  while (!stopped()) {
    await rest(restMs)
    const at = worker.at()
    const [kept] = ledger.kept.get(1 + chance.below(ledger.mails.size + 1)) ?? []
    const who = kept?.recipients[chance.below(kept.recipients.length)]
    if (at === null || !kept || who === undefined || ledger.brought.get(who)?.acknowledged) continue
    const client = dial(at)
    await client.read()
    await client.ask('EHLO mx.example.net')
    const brought = ledger.brought.get(who) ?? { who, number: kept.number, acknowledged: false }
    ledger.brought.set(who, brought)
    let reply = await client.ask('MAIL FROM:<>')
    if (reply.startsWith('250')) reply = await client.ask(`RCPT TO:<${kept.returnPath}>`)
    if (reply.startsWith('250')) reply = await client.ask('DATA')
    if (reply.startsWith('354')) reply = await client.ask(`${returnFor(who).replaceAll('\n', '\r\n')}.`)
    if (reply.startsWith('250')) {
      brought.acknowledged = true
      acknowledge(ledger, 'return')
    } else if (reply.startsWith('5')) ledger.returnsRefused.push(`${who}: ${reply}`)
    client.socket.destroy()
  }
}

/** Blocks and unblocks some addresses of its own by the API. */
export async function blockAndUnblock(
  worker: Omit<Worker, 'at'> & { readonly url: () => string | null; readonly name: string },
): Promise<void> {
  const { ledger, chance, stopped, restMs, url, name } = worker
  while (!stopped()) {
    await rest(restMs)
    const base = url()
    if (base === null) continue
    const address = handled(ledger, `${name}${chance.below(10)}@blocks.example`)
    const deed = chance.happens(0.5) ? 'block' : 'unblock'
    const after = deed === 'block' ? 'blacklisted' : 'unknown'
    const before = address.may
    address.may = [...new Set([...before, after] as const)]
    const status = await ask(`${base}/v1/addresses/${address.who}/${deed}`, deed)
    // 404: there is nothing to unblock, which is known now as well.
    if (status !== 200 && status !== 404) continue
    address.may = [after]
    if (status !== 200) continue
    if (before.length === 1 && before[0] !== after) address[`${deed}s`]++
    acknowledge(ledger, deed)
  }
}

function handled({ handled: all }: Ledger, who: string): Handled {
  const known = all.get(who)
  if (known) return known
  const fresh: Handled = { who, may: ['unknown'], blocks: 0, unblocks: 0 }
  all.set(who, fresh)
  return fresh
}

/** The status of the answer; 0: none came. */
async function ask(url: string, deed: 'block' | 'unblock'): Promise<number> {
  try {
    const answer = await fetch(url, {
      method: deed === 'block' ? 'PUT' : 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ why: 'an ordeal' }),
    })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    return 0
  }
}
