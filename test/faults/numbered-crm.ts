/**
 * A CRM that numbers its mails, notes what it is told of each, and now and then is gone in the middle of anything.
 */
import { connect } from 'node:net'
import type { Address } from '../support/program.ts'
import { type Chance, seeded } from '../support/seeded.ts'
import { SmtpClient } from '../support/smtp-client.ts'
import { acknowledge, type Ledger, type Mail } from './ledger.ts'

export type Worker = {
  readonly ledger: Ledger
  readonly chance: Chance
  /** Where the program listens now; null: it does not run. */
  readonly at: () => Address | null
  readonly stopped: () => boolean
  /** Milliseconds between two deeds. */
  readonly restMs: number
}

const stages = ['MAIL', 'RCPT', 'DATA', 'body', 'dot'] as const
type Stage = (typeof stages)[number]

export const rest = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Connects; a connection that cannot be made is one that is closed at once. */
export function dial(at: Address): SmtpClient {
  return new SmtpClient(connect(at))
}

/** Sends mails until it is stopped. */
export async function sendNumberedMails(worker: Worker): Promise<void> {
  while (!worker.stopped()) {
    const at = worker.at()
    if (at === null) await rest(20)
    else await session(worker, dial(at))
    await rest(worker.restMs)
  }
}

async function session({ ledger, chance, stopped, restMs }: Worker, client: SmtpClient): Promise<void> {
  if ((await client.read()).startsWith('220') && (await client.ask('EHLO crm.test')).startsWith('250'))
    while (!stopped()) {
      const mail = numberedMail(ledger, chance)
      await (chance.happens(0.5) ? oneByOne : inOneBatch)(client, mail, chance.happens(0.04) ? chance.pick(stages) : null, chance)
      if (mail.told?.startsWith('250')) acknowledge(ledger, 'mail')
      if (mail.told === null || (await client.ask('RSET')) !== '250 2.0.0 fine' || chance.happens(0.1)) break
      await rest(restMs)
    }
  client.socket.destroy()
}

function numberedMail({ mails }: Ledger, chance: Chance): Mail {
  const number = mails.size + 1
  const lines = Array.from({ length: chance.happens(0.05) ? 2000 : chance.below(40) }, () => chance.pick(bodyLines))
  const mail = { number, wire: `Subject: mail ${number}\r\nFrom: crm@shop.example\r\n\r\n${lines.join('')}`, recipients: [], told: null }
  mails.set(number, mail)
  return mail
}

/** Lines as they stand in a body: dots stuffed, octets of every kind. */
const bodyLines = ['..\r\n', ...Array.from({ length: 200 }, (_, i) => bodyLine(seeded(i)))] as [string, ...string[]]

function bodyLine(chance: Chance): string {
  const text = String.fromCharCode(...Array.from({ length: chance.below(60) }, () => 0x20 + chance.below(0xdf)))
  return `${chance.happens(0.1) ? '..' : ''}${text.replace(/^\./, '..')}\r\n`
}

const recipientsOf = ({ number }: Mail) => Array.from({ length: 1 + (number % 3) }, (_, i) => `r${number}-${i}@example${number % 7}.org`)

async function oneByOne(client: SmtpClient, mail: Mail, leavesAt: Stage | null, chance: Chance): Promise<void> {
  const leaves = (stage: Stage) => stage === leavesAt && client.socket.destroy() !== undefined
  const ask = async (line: string) => heard(mail, await client.ask(line))
  if (!(await ask('MAIL FROM:<crm@shop.example>')) || leaves('MAIL')) return over(mail, leavesAt)
  for (const who of recipientsOf(mail)) if (await ask(`RCPT TO:<${who}>`)) mail.recipients.push(who)
  if (leaves('RCPT')) return over(mail, leavesAt)
  if (mail.recipients.length > 0 && (await ask('DATA'))) await body(client, mail, leavesAt, chance)
}

async function inOneBatch(client: SmtpClient, mail: Mail, leavesAt: Stage | null, chance: Chance): Promise<void> {
  const recipients = recipientsOf(mail)
  client.write(['MAIL FROM:<crm@shop.example>', ...recipients.map(who => `RCPT TO:<${who}>`), 'DATA', ''].join('\r\n'))
  if (leavesAt === 'MAIL' || leavesAt === 'RCPT') {
    client.socket.end()
    return over(mail, leavesAt)
  }
  heard(mail, await client.read())
  for (const who of recipients) if (heard(mail, await client.read())) mail.recipients.push(who)
  if (heard(mail, await client.read())) await body(client, mail, leavesAt, chance)
}

async function body(client: SmtpClient, mail: Mail, leavesAt: Stage | null, chance: Chance): Promise<void> {
  const cut = chance.below(mail.wire.length)
  if (leavesAt === 'DATA') client.socket.destroy()
  else client.write(mail.wire.slice(0, cut))
  if (leavesAt === 'body') client.socket.end()
  if (leavesAt === 'DATA' || leavesAt === 'body') return over(mail, leavesAt)
  client.write(`${mail.wire.slice(cut)}.\r\n`)
  if (leavesAt === 'dot') {
    client.socket.end()
    return over(mail, leavesAt)
  }
  heard(mail, await client.read())
}

/** Notes a reply; says whether it is a good one. */
function heard(mail: Mail, reply: string): boolean {
  mail.told = reply === '(closed)' ? null : reply
  return /^[23]/.test(reply)
}

/** Whoever left was told nothing. */
function over(mail: Mail, leavesAt: Stage | null): void {
  if (leavesAt !== null) mail.told = null
}
