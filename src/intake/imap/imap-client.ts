/**
 * A mailbox over IMAP (RFC 9051), by imapflow: the one page that talks to it.
 *
 * Heads and bodies are fetched by BODY.PEEK, so nothing is marked as read. Sizes are bounded: a literal larger than the largest return ends the connection.
 */
import { readFile } from 'node:fs/promises'
import type { FetchMessageObject, ImapFlow } from 'imapflow'
import type { ImapConfig } from '../../config/imap.ts'
import { createOAuth2Token } from '../../relay/oauth2-token.ts'
import { readSecret } from '../../relay/read-secret.ts'
import type { Mailbox, MailHead, OpenMailbox } from './mailbox.ts'
import { headFields } from './return-signs.ts'

/** For the connection and its greeting, and for a silent server. */
const connectMs = 30_000
const silentMs = 600_000

/** Makes the opener of one configured mailbox. */
export function imapOpener(config: ImapConfig, maxMessageBytes: number, now: () => number): OpenMailbox {
  const token = config.oauth2 === null ? null : createOAuth2Token({ config: config.oauth2, now })
  return async () => {
    const { host, port, tls, user, passwordFile, caFile } = config
    const auth = token ? { user, accessToken: await token.get() } : { user, pass: await readSecret(passwordFile ?? '') }
    // Loaded by those who read a mailbox: it brings a hundred modules, a tenth of the program's start.
    const imapflow = await import('imapflow')
    const client = new imapflow.ImapFlow({
      ...{ host, port, auth, logger: false, connectionTimeout: connectMs, greetingTimeout: connectMs, socketTimeout: silentMs },
      secure: tls === 'implicit',
      ...(tls === 'starttls' ? { doSTARTTLS: true } : tls === 'none' ? { doSTARTTLS: false } : {}),
      tls: { minVersion: 'TLSv1.2', ...(caFile === null ? {} : { ca: await readFile(caFile) }) },
      maxLiteralSize: maxMessageBytes + 1_048_576,
      disableAutoIdle: true,
      clientInfo: { name: 'rebond' },
    })
    // Its errors come through the calls that they break; without a listener they would end the process.
    client.on('error', () => {})
    try {
      await client.connect()
      await client.mailboxOpen(config.folder)
    } catch (cause) {
      client.close()
      if (token && 'accessToken' in auth && isLoginRefused(cause)) await token.renew(String(auth.accessToken))
      throw new Error(sentenceFor(config, cause), { cause })
    }
    return mailboxOf(client, maxMessageBytes)
  }
}

function mailboxOf(client: ImapFlow, maxMessageBytes: number): Mailbox {
  const { mailbox } = client
  if (mailbox === false) throw new Error('the folder was closed')
  return {
    uidValidity: String(mailbox.uidValidity),
    uidNext: mailbox.uidNext,
    async uidsAfter(after, since) {
      const query = { uid: `${after + 1}:*`, ...(since === null ? {} : { since: new Date(since) }) }
      const found = (await client.search(query, { uid: true })) || []
      // `n:*` means the last mail too when it is below n.
      return found.filter(uid => uid > after).sort((a, b) => a - b)
    },
    async *heads(uids) {
      const query = { uid: true, size: true, internalDate: true, headers: [...headFields] }
      for await (const fetched of client.fetch(setOf(uids), query, { uid: true })) yield headOf(fetched)
    },
    async octets(uid) {
      const fetched = await client.fetchOne(String(uid), { uid: true, source: { maxLength: maxMessageBytes } }, { uid: true })
      return fetched ? (fetched.source ?? null) : null
    },
    async move(uid, folder) {
      // Made again it is not, and says so.
      await client.mailboxCreate(folder).catch(() => {})
      if (!(await client.messageMove(String(uid), folder, { uid: true }))) throw new Error(`the server did not move it to ${folder}`)
    },
    changed: ms => changed(client, ms),
    async close() {
      await client.logout().catch(() => client.close())
    },
  }
}

/** Ascending uids as a sequence set (RFC 9051 §9): those that follow each other as a range. */
export function setOf(uids: readonly number[]): string {
  const ranges: [first: number, last: number][] = []
  for (const uid of uids) {
    const range = ranges.at(-1)
    if (range && range[1] === uid - 1) range[1] = uid
    else ranges.push([uid, uid])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}:${last}`)).join(',')
}

function headOf({ uid, size = 0, internalDate, headers }: FetchMessageObject): MailHead {
  const arrivedAt = internalDate === undefined ? Number.NaN : new Date(internalDate).getTime()
  return { uid, octets: size, arrivedAt: Number.isFinite(arrivedAt) ? arrivedAt : null, header: headers ?? Buffer.alloc(0) }
}

/** Waits in IDLE; a server without it is asked by imapflow itself (NOOP) while the time runs. */
async function changed(client: ImapFlow, ms: number): Promise<void> {
  if (!client.usable) throw new Error('the connection was lost')
  let stop = () => {}
  const happened = new Promise<void>(resolve => {
    const timer = setTimeout(resolve, ms)
    stop = () => {
      clearTimeout(timer)
      resolve()
    }
  })
  client.on('exists', stop)
  client.on('close', stop)
  // The next command ends IDLE; what it says then is nobody's concern.
  client.idle().catch(stop)
  await happened
  client.off('exists', stop)
  client.off('close', stop)
  if (!client.usable) throw new Error('the connection was lost')
}

function isLoginRefused(err: unknown): boolean {
  return err instanceof Error && 'authenticationFailed' in err && err.authenticationFailed === true
}

/** What is wrong, for whoever reads the log at night. */
function sentenceFor({ host, port, user, folder }: ImapConfig, err: unknown): string {
  const { message, code = '', responseText = '' } = err as Error & { code?: string; responseText?: string }
  if (isLoginRefused(err)) return `${host}:${port} refuses the log-in of ${user}: ${responseText || message}`
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code))
    return `the certificate of ${host}:${port} is not trusted (${code})`
  if (/^E[A-Z]+$|TIMEOUT|NoConnection/i.test(code)) return `${host}:${port} cannot be reached (${code})`
  return `${host}:${port} does not open the folder ${folder}: ${responseText || message}`
}
