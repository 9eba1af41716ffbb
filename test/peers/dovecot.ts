/**
 * A private Dovecot on loopback: IMAP alone, one password for all, mail in Maildirs below a directory of its own.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import { freePort, isListening } from './free-port.ts'
import { stopped } from './stopped.ts'

export const password = 'dovecot-secret'

export type Dovecot = {
  readonly port: number
  /** Where the Maildir of a user is. */
  maildir(user: string): string
}

/** Says what is missing to run Dovecot here; null when nothing is. */
export function dovecotMissing(): string | null {
  return spawnSync('dovecot', ['--version']).status === 0 ? null : 'NOT RUN: Dovecot is not installed (apt-get install dovecot-imapd)'
}

/** Starts it and waits until it answers; it ends with the test. */
export async function startDovecot(t: Test): Promise<Dovecot> {
  const directory = await temporaryDirectory(t)
  const port = await freePort()
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
ssl = no
disable_plaintext_auth = no
mail_location = maildir:${directory}/mail/%u
first_valid_uid = 1
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=dovecot gid=dovecot home=${directory}/mail/%u
}
`,
  )
  const child = spawn('dovecot', ['-F', '-c', join(directory, 'dovecot.conf')], { stdio: 'ignore' })
  t.teardown(() => stopped(child, 'SIGTERM'))
  await until(
    () => isListening(port),
    listening => listening,
  )
  return { port, maildir: user => join(directory, 'mail', user) }
}
