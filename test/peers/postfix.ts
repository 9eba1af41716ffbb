/**
 * A private Postfix on loopback that asks no name server, with directories, users and ports of its own.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import { isListening } from './free-port.ts'
import { stopped } from './stopped.ts'
import { namespaceMissing, spawnWithoutDns } from './without-dns.ts'

export type Postfix = { readonly port: number; readonly directory: string; log(): string }

export type PostfixOptions = {
  readonly port: number
  /** Lines of main.cf. */
  readonly main: Readonly<Record<string, string>>
}

/** Says what is missing to run Postfix here; null when nothing is. */
export function postfixMissing(): string | null {
  if (spawnSync('postconf', ['-d', 'mail_version']).status !== 0) return 'NOT RUN: Postfix is not installed (apt-get install postfix)'
  return namespaceMissing()
}

/** Starts it and waits until it answers; it ends with the test. */
export async function startPostfix(t: Test, { port, main }: PostfixOptions): Promise<Postfix> {
  const directory = await temporaryDirectory(t)
  await chmod(directory, 0o755)
  await writeConfiguration(directory, port, main)
  spawnSync('chown', ['postfix', join(directory, 'data'), join(directory, 'mail')])
  const child = spawnWithoutDns(directory, ['postfix', '-c', join(directory, 'etc'), 'start-fg'])
  const log = () => (existsSync(join(directory, 'log')) ? readFileSync(join(directory, 'log'), 'utf8') : '(no log)')
  t.teardown(async () => {
    // The command is a script around the master process, which a signal to the script does not reach.
    spawnSync('postfix', ['-c', join(directory, 'etc'), 'abort'])
    await stopped(child, 'SIGTERM')
  })
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`Postfix ended before it was ready:\n${log()}`)
      return await isListening(port)
    },
    listening => listening,
  )
  return { port, directory, log }
}

async function writeConfiguration(directory: string, port: number, main: PostfixOptions['main']): Promise<void> {
  const at = (name: string) => join(directory, name)
  for (const name of ['etc', 'data', 'mail', 'queue']) await mkdir(at(name), { recursive: true })
  const settings = {
    compatibility_level: '3.6',
    queue_directory: at('queue'),
    data_directory: at('data'),
    maillog_file: at('log'),
    maillog_file_prefixes: directory,
    myhostname: 'mail.peer.test',
    myorigin: 'peer.test',
    mydestination: '',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    mynetworks: '127.0.0.0/8',
    alias_maps: '',
    disable_dns_lookups: 'yes',
    smtp_host_lookup: 'native',
    smtpd_peername_lookup: 'no',
    smtpd_helo_required: 'yes',
    smtpd_recipient_restrictions: 'permit_mynetworks, reject',
    // Postfix adds nothing to a message but its trace, waits for nobody, and gives up at once.
    local_header_rewrite_clients: '',
    smtpd_error_sleep_time: '0',
    smtpd_hard_error_limit: '100',
    maximal_queue_lifetime: '0',
    bounce_queue_lifetime: '1h',
    default_destination_concurrency_limit: '5',
    smtpd_client_connection_count_limit: '0',
    ...main,
  }
  await writeFile(
    at('etc/main.cf'),
    Object.entries(settings)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(''),
  )
  await writeFile(at('etc/master.cf'), master(port))
}

/** The services of master.cf, none of them in a root directory of its own. */
const master = (port: number) => `
127.0.0.1:${port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
lmtp      unix  - - n - - lmtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
tlsmgr    unix  - - n 1000? 1 tlsmgr
`
