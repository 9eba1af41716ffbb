/**
 * A private OpenSMTPD on loopback whose only name server says that no domain exists. Debian installs one mail server at a time, so it
 * may be unpacked only (`apt-get download opensmtpd && dpkg -x opensmtpd_*.deb DIRECTORY`): PEERS_OPENSMTPD names the directory then.
 */
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import { isListening } from './free-port.ts'
import { noDomains } from './name-server.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { stopped } from './stopped.ts'
import { systemUsers } from './system-users.ts'
import { namespaceMissing, spawnWithoutDns } from './without-dns.ts'

const root = process.env.PEERS_OPENSMTPD ?? '/'
const smtpd = join(root, 'usr/sbin/smtpd')
/** The users that Debian's OpenSMTPD was built for: they are there only where the package is installed. */
const daemons = [
  { name: 'opensmtpd', number: 64_995 },
  { name: 'opensmtpq', number: 64_996 },
]

/** Says what is missing to run OpenSMTPD here; null when nothing is. */
export function opensmtpdMissing(): string | null {
  if (spawnSync(smtpd, ['-h']).error) return `NOT RUN: OpenSMTPD is not here (PEERS_OPENSMTPD=${root}; apt-get download opensmtpd)`
  return namespaceMissing()
}

/** Starts it on the neighbourhood's port and waits until it answers; it ends with the test. */
export async function startOpensmtpd(t: Test, around: Neighbourhood): Promise<void> {
  const directory = await temporaryDirectory(t)
  const at = (name: string) => join(directory, name)
  await chmod(directory, 0o755)
  for (const name of ['spool/smtpd', 'lib/opensmtpd/empty', 'run']) await mkdir(at(name), { recursive: true })
  await chmod(at('spool/smtpd'), 0o711)
  await writeFile(at('smtpd.conf'), configuration(around), { mode: 0o600 })
  await writeFile(at('resolv.conf'), `nameserver ${await noDomains(t)}\n`)
  // Its places are compiled in.
  const child = spawnWithoutDns(
    directory,
    [smtpd, '-d', '-f', at('smtpd.conf')],
    [
      ...(await systemUsers(directory, daemons)),
      [at('resolv.conf'), '/etc/resolv.conf'],
      [at('spool'), '/var/spool'],
      [at('lib'), '/var/lib'],
      [at('run'), '/run'],
      [join(root, 'usr/libexec'), '/usr/libexec'],
    ],
  )
  t.teardown(() => stopped(child, 'SIGTERM'))
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error('OpenSMTPD ended before it was ready')
      return await isListening(around.port)
    },
    listening => listening,
  )
}

/** What Dovecot's delivery agent says and does when the quota is used up. */
const full = "echo 'heavy: Quota exceeded (mailbox for user is full)'; exit 77"

const configuration = ({ program, nextHop, port, closedPort }: Neighbourhood) => `
queue ttl 1s
listen on 127.0.0.1 port ${port} hostname mail.peer.test
table users { "heavy" = "65534:65534:/" }
table aliases { "info" = "heavy" }
action "returns" relay host smtp://127.0.0.1:${program.bounce.port}
action "remote" relay host smtp://127.0.0.1:${nextHop.port}
action "closed" relay host smtp://127.0.0.2:${closedPort}
action "direct" relay
action "local" mda "${full}" userbase <users>
action "virtual" mda "${full}" virtual <aliases> userbase <users>
match from any for domain "bounces.crm.test" action "returns"
match from any for domain "remote.test" action "remote"
match from any for domain "closed.test" action "closed"
match from any for domain "local.test" action "local"
match from any for domain "virtual.test" action "virtual"
match from any for domain "nodomain.test" action "direct"
`
