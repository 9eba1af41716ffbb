/**
 * The machine: is there room on the disk, does the clock go right, and are keys and secrets for their owner only.
 */
import { execFile } from 'node:child_process'
import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Config } from '../../config/schema.ts'
import { defaultKeyFile } from '../../store/key-file.ts'
import { filesOf } from '../check-files.ts'
import { type Finding, findingsOf } from './finding.ts'

const lowBytes = 1_000_000_000
const lowShare = 0.05

/** Checks disk, clock and file modes. */
export async function checkMachine(config: Config): Promise<Finding[]> {
  return [...(await checkDisk(config)), await checkClock(), ...(await checkModes(config))]
}

async function checkDisk({ store }: Config): Promise<Finding[]> {
  if (store.kind !== 'level') return []
  const disk = findingsOf('disk')
  for (let at = store.path; ; at = dirname(at)) {
    try {
      const { bavail, blocks, bsize } = await statfs(at)
      const free = bavail * bsize
      const said = `${(free / 1e9).toFixed(1)} GB free at ${store.path} (${Math.floor((bavail / Math.max(1, blocks)) * 100)} %)`
      if (free > lowBytes && bavail / blocks > lowShare) return [disk.ok(said)]
      return [disk.warning(said, 'make room: on a full disk rebond defers all mail (store.whenUnavailable)')]
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT' || at === dirname(at))
        return [disk.unknown(`${store.path}: ${(err as Error).message}`)]
    }
  }
}

/** The kernel knows whether something keeps its clock (adjtimex); timedatectl asks it. */
async function checkClock(): Promise<Finding> {
  const clock = findingsOf('clock')
  try {
    const { stdout } = await promisify(execFile)('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { timeout: 5_000 })
    if (stdout.trim() === 'yes') return clock.ok('kept by NTP')
    return clock.warning('nothing keeps it (NTP)', 'run chrony or systemd-timesyncd: tokens carry their time, and expire by it')
  } catch {
    return clock.unknown(
      `it says ${new Date().toISOString()}; timedatectl could not be asked whether NTP keeps it`,
      'compare it with another clock',
    )
  }
}

async function checkModes(config: Config): Promise<Finding[]> {
  const mode = findingsOf('files.mode')
  const named = filesOf(config).filter(({ path }) => !/(?:certFile|caFile)$/.test(path))
  const own =
    config.returnPath.keyFile === null && config.store.kind === 'level'
      ? [{ path: 'returnPath.keyFile', file: defaultKeyFile(config.store.path) }]
      : []
  const found = await Promise.all(
    [...named, ...own].map(async ({ path, file }) => {
      const facts = await stat(file).catch(() => null)
      if (facts === null) return own.some(one => one.file === file) ? [] : [mode.unknown(`${path}: ${file} cannot be looked at from here`)]
      const bits = (facts.mode & 0o777).toString(8).padStart(4, '0')
      if ((facts.mode & 0o077) === 0) return [mode.ok(`${path}: ${file} is its owner's only (${bits})`)]
      return [
        mode.problem(
          `${path}: ${file} can be read or changed by others (${bits})`,
          `chmod 600 ${file}; whoever knows a key can forge returns`,
        ),
      ]
    }),
  )
  return found.flat()
}
