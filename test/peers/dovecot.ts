/**
 * A private Dovecot on loopback: IMAP alone, one password for all, or tokens that a server of the test knows; mail in Maildirs below a directory of its own.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryDirectory } from '../support/program.ts'
import { tlsFile } from '../support/tls-files.ts'
import { until } from '../support/until.ts'
import { freePort, isListening } from './free-port.ts'
import { stopped } from './stopped.ts'

export const password = 'dovecot-secret'

export type Dovecot = {
  readonly port: number
  /** Where it is spoken to by implicit TLS; 0 without it. */
  readonly tlsPort: number
  readonly log: () => string
  /** Where the Maildir of a user is. */
  maildir(user: string): string
}

/** Says what is missing to run Dovecot here; null when nothing is. */
export function dovecotMissing(): string | null {
  return spawnSync('dovecot', ['--version']).status === 0 ? null : 'NOT RUN: Dovecot is not installed (apt-get install dovecot-imapd)'
}

export type DovecotOptions = {
  /** It has the tests' certificate, offers STARTTLS, and listens for implicit TLS too. */
  readonly tls?: boolean
  /** Asked whose a token is (RFC 7662); log-ins are by XOAUTH2 then. */
  readonly introspectionUrl?: string
}

/** Starts it and waits until it answers; it ends with the test. */
export async function startDovecot(t: Test, { tls = false, introspectionUrl }: DovecotOptions = {}): Promise<Dovecot> {
  const directory = await temporaryDirectory(t)
  const port = await freePort()
  const tlsPort = tls ? await freePort() : 0
  await chmod(directory, 0o755)
  for (const name of ['run', 'state', 'mail']) await mkdir(join(directory, name))
  spawnSync('chown', ['dovecot:dovecot', join(directory, 'mail')])
  await writeFile(
    join(directory, 'dovecot.conf'),
    `base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/log
protocols = imap
listen = 127.0.0.1
${tls ? `ssl = yes\nssl_cert = <${tlsFile('server.pem')}\nssl_key = <${tlsFile('server.key')}` : 'ssl = no'}
auth_mechanisms = ${introspectionUrl ? 'xoauth2 oauthbearer' : 'plain'}
disable_plaintext_auth = no
mail_location = maildir:${directory}/mail/%u
first_valid_uid = 1
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = ${tls ? 'yes' : 'no'}
  }
}
passdb {
  ${introspectionUrl ? `driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = ${directory}/oauth2.conf` : `driver = static\n  args = password=${password}`}
}
userdb {
  driver = static
  args = uid=dovecot gid=dovecot home=${directory}/mail/%u
}
`,
  )
  if (introspectionUrl) {
    const oauth2 = `introspection_mode = auth\nintrospection_url = ${introspectionUrl}\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n`
    await writeFile(join(directory, 'oauth2.conf'), oauth2)
  }
  const child = spawn('dovecot', ['-F', '-c', join(directory, 'dovecot.conf')], { stdio: 'ignore' })
  t.teardown(() => stopped(child, 'SIGTERM'))
  await until(
    () => isListening(port),
    listening => listening,
  )
  const log = () => (existsSync(join(directory, 'log')) ? readFileSync(join(directory, 'log'), 'utf8') : '')
  return { port, tlsPort, log, maildir: user => join(directory, 'mail', user) }
}
