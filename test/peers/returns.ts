/**
 * Mail that a real server returns, by its own words, to rebond's listener: each gets the verdict of its cause, seen through the HTTP API.
 *
 * PEERS_SAVE=DIRECTORY keeps the returns as they came.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { Test } from 'tap'
import type { Category } from '../../src/classify/verdict.ts'
import type { Program } from '../support/program.ts'
import { until } from '../support/until.ts'

export type Fate = {
  readonly address: string
  readonly category: Category
  /** blacklisted by this one return, or not. */
  readonly blacklisted: boolean
  /** `reply`: refused in the session, `dsn`: accepted, then returned. */
  readonly source: 'reply' | 'dsn'
  /** Hard, although it takes more than this one return to blacklist. */
  readonly awaitsConfirmation?: true
}

/** Fates that the next hop and the network bring; the mail server returns each by mail. */
export const remoteFates: readonly Fate[] = [
  { address: 'nobody@remote.test', category: 'invalid_address', blacklisted: true, source: 'dsn' },
  { address: 'inactive@remote.test', category: 'inactive_address', blacklisted: true, source: 'dsn' },
  { address: 'full@remote.test', category: 'mailbox_full', blacklisted: false, source: 'dsn' },
  { address: 'fuller@remote.test', category: 'mailbox_full', blacklisted: false, source: 'dsn' },
  { address: 'spam@remote.test', category: 'content_rejected', blacklisted: false, source: 'dsn' },
  { address: 'virus@remote.test', category: 'content_rejected', blacklisted: false, source: 'dsn' },
  { address: 'huge@remote.test', category: 'message_too_large', blacklisted: false, source: 'dsn' },
  { address: 'anyone@closed.test', category: 'no_answer', blacklisted: false, source: 'dsn' },
  { address: 'anyone@nodomain.test', category: 'invalid_domain', blacklisted: true, source: 'dsn' },
]

type Item = { readonly id: string; readonly recipient: { readonly address: string } }

/** Sends a mail to each and waits for its return; asserts the verdict and what became of the address. */
export async function returnsAreJudged(t: Test, program: Program, server: string, fates: readonly Fate[]): Promise<void> {
  const transport = createTransport({ ...program.relay, name: 'crm.test', ignoreTLS: true })
  t.teardown(() => transport.close())
  for (const { address, source } of fates) {
    const sent = transport.sendMail({
      envelope: { from: 'news@shop.test', to: address },
      headers: { From: '"Shop" <news@shop.test>', To: `"Jean Dupont" <${address}>`, 'Message-ID': `<${address}>` },
      subject: 'Votre commande nº 7',
      text: 'Bonjour',
    })
    if (source === 'dsn') await t.resolves(sent, address)
    else t.match(await sent.catch(error => error), { message: /\b5\d\d\b/ }, address)
  }
  const get = async (path: string) => (await (await fetch(program.url + path)).json()) as { status: string; items: Item[] }
  for (const { address, category, blacklisted, source, awaitsConfirmation } of fates) {
    const { items } = await until(
      () => get(`/v1/bounces?address=${encodeURIComponent(address)}`),
      ({ items }) => items.length > 0,
    )
    const type = blacklisted || awaitsConfirmation ? 'hard' : 'soft'
    const expected = {
      source,
      category,
      type,
      counted: blacklisted,
      subject: 'Votre commande nº 7',
      recipient: { name: 'Jean Dupont', address },
    }
    t.match(items, [source === 'dsn' ? expected : { source, category, type }], `${server}: ${address}`)
    const { status } = await get(`/v1/addresses/${encodeURIComponent(address)}`)
    t.equal(status, blacklisted ? 'blacklisted' : 'unknown', `${server}: ${address} afterwards`)
    const directory = process.env.PEERS_SAVE
    if (!directory || source === 'reply') continue
    const raw = await fetch(`${program.url}/v1/bounces/${items[0]?.id}/raw`)
    await writeFile(join(directory, `${server}-${address}.eml`), Buffer.from(await raw.arrayBuffer()))
  }
}
