/**
 * A private Exim on loopback that asks no name server. Debian installs one mail server at a time, so it may be unpacked only
 * (`apt-get download exim4-daemon-light && dpkg -x exim4-daemon-light_*.deb DIRECTORY`): PEERS_EXIM names the program then.
 */
import { spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import { isListening } from './free-port.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { stopped } from './stopped.ts'
import { systemUsers } from './system-users.ts'
import { namespaceMissing, spawnWithoutDns } from './without-dns.ts'

/** The user that Debian's Exim was built for: it is there only where the package is installed. */
const user = { name: 'Debian-exim', number: 64_999 }
const exim = process.env.PEERS_EXIM ?? 'exim4'

/** Says what is missing to run Exim here; null when nothing is. */
export function eximMissing(): string | null {
  if (spawnSync(exim, ['-bV']).error) return `NOT RUN: Exim is not here (PEERS_EXIM=${exim}; apt-get download exim4-daemon-light)`
  return namespaceMissing()
}

/** Starts it on the neighbourhood's port and waits until it answers; it ends with the test. */
export async function startExim(t: Test, around: Neighbourhood): Promise<void> {
  const directory = await temporaryDirectory(t)
  await chmod(directory, 0o755)
  await mkdir(join(directory, 'spool'))
  await chown(join(directory, 'spool'), user.number, user.number)
  const file = join(directory, 'exim.conf')
  await writeFile(file, configuration(join(directory, 'spool'), around))
  const child = spawnWithoutDns(directory, [exim, '-C', file, '-bdf', '-q2s'], await systemUsers(directory, [user]))
  t.teardown(() => stopped(child, 'SIGTERM'))
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error('Exim ended before it was ready')
      return await isListening(around.port)
    },
    listening => listening,
  )
}

const configuration = (spool: string, { program, nextHop, port, closedPort }: Neighbourhood) => `
exim_path = ${exim}
keep_environment =
spool_directory = ${spool}
log_file_path = ${spool}/%slog
primary_hostname = mail.peer.test
qualify_domain = peer.test
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
never_users =
acl_smtp_rcpt = check_rcpt
begin acl
check_rcpt:
  deny domains = local.test
       message = Unknown user
  accept
begin routers
returns:
  driver = manualroute
  domains = bounces.crm.test
  transport = to_returns
  route_list = * bounces.crm.test byname
  self = send
closed:
  driver = manualroute
  domains = closed.test
  transport = to_closed
  route_list = * mx.closed.test byname
  self = send
remote:
  driver = manualroute
  domains = remote.test
  transport = to_remote
  route_list = * mx.remote.test byname
  self = send
begin transports
to_returns:
  driver = smtp
  port = ${program.bounce.port}
  hosts_try_fastopen =
to_closed:
  driver = smtp
  port = ${closedPort}
  hosts_try_fastopen =
to_remote:
  driver = smtp
  port = ${nextHop.port}
  hosts_try_fastopen =
begin retry
* *
`
