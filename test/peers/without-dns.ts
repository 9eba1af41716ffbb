/**
 * Starts a server that finds hosts in a file of its own and asks no name server: in a mount namespace with another /etc/hosts and
 * /etc/nsswitch.conf. Linux, root.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every host there is. `bounces.crm.test` is rebond's listener for returned mail; nobody listens at `mx.closed.test`. */
const hosts = '127.0.0.1 localhost mail.peer.test mx.remote.test mx.closed.test bounces.crm.test\n'
const mounts = 'mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"'

/** Says why that cannot be done here; null when it can. */
export function namespaceMissing(): string | null {
  if (process.getuid?.() !== 0) return 'NOT RUN: needs root, for a mount namespace without name servers'
  return spawnSync('unshare', ['-m', 'true']).status === 0 ? null : 'NOT RUN: a mount namespace cannot be made here (unshare -m)'
}

/** Starts a command; its two files go into `directory`. `bind`: more files or directories to mount, what over where. */
export function spawnWithoutDns(
  directory: string,
  command: readonly string[],
  bind: readonly (readonly [string, string])[] = [],
): ChildProcess {
  const at = join(directory, 'hosts')
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'hosts'), hosts)
  writeFileSync(join(at, 'nsswitch.conf'), 'hosts: files\npasswd: files\ngroup: files\n')
  const more = bind.map(([what, where]) => `mount --bind "${what}" "${where}" && `).join('')
  return spawn('unshare', ['-m', 'sh', '-c', more + mounts, at, ...command], { stdio: 'ignore' })
}
