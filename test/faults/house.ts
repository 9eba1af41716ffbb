/**
 * The program under an ordeal: its disk, its clock, its user and its life are in the hands of the test.
 *
 * As root its data stands on a small tmpfs of its own and it runs as nobody, so that a full disk and unreadable files are real; otherwise the
 * directory is a plain one, and nothing fills it.
 */
import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { receiver, secretFiles, secrets } from '../notify/endpoint-under-test.ts'
import { type Program, startProgram, temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import type { MoodyUpstream } from './moody-upstream.ts'

const run = promisify(execFile)
const nobody = 65_534
const diskOctets = 128 * 1024 * 1024
/** Descriptors that a program without a limit may have. */
const enoughDescriptors = 20_000
const clock = new URL('./jumping-clock.mjs', import.meta.url).href

export type House = {
  /** null: it does not run. */
  program(): Program | null
  start(): Promise<Program>
  /** Gives its exit status or signal. */
  end(signal: NodeJS.Signals): Promise<unknown>
  readonly hasDisk: boolean
  fillDisk(): Promise<void>
  freeDisk(): Promise<void>
  /** Files of the database get this mode: 0 makes them unreadable. */
  chmodStore(mode: number): Promise<void>
  /** The program's clock goes off by so much from now on. */
  setClock(offsetMs: number): Promise<void>
  /** The program may open so many more; null: enough. */
  limitDescriptors(more: number | null): Promise<void>
  /** Waits until `/readyz` says 200. */
  ready(): Promise<void>
  /** Webhooks that were received, and what is answered to the next ones. */
  readonly webhooks: Awaited<ReturnType<typeof receiver>>
}

export async function openHouse(t: Test, upstream: MoodyUpstream, { disk = true } = {}): Promise<House> {
  const isRoot = process.getuid?.() === 0
  const above = await temporaryDirectory(t)
  await chmod(above, 0o755)
  const directory = join(above, 'house')
  await mkdir(directory)
  const hasDisk = disk && isRoot && (await mountDisk(t, directory))
  if (isRoot) await chown(directory, nobody, nobody)
  const clockFile = join(above, 'clock')
  await writeFile(clockFile, '0')
  const webhooks = await receiver(t)
  const [secretFile = ''] = await secretFiles(t, secrets[0])
  if (isRoot) {
    await chmod(join(secretFile, '..'), 0o755)
    await chown(secretFile, nobody, nobody)
  }
  const config = {
    relay: {
      timeouts: {
        greetingSeconds: 1,
        commandSeconds: 1,
        dataSeconds: 1,
        finalDotSeconds: 1,
        connectSeconds: 1,
        blockSeconds: 5,
        idleSeconds: 30,
      },
    },
    upstream: { host: upstream.host, port: upstream.port },
    returnPath: { domain: 'bounces.shop.example' },
    http: { requestsPerMinute: 1_000_000 },
    policy: { surgeGuard: { enabled: false } },
    webhooks: [{ name: 'crm', url: webhooks.url, secretFiles: [secretFile], allowPrivate: true }],
    log: { level: 'warn' },
  }
  let program: Program | null = null
  const filler = join(directory, 'filler')
  const levelDirectory = join(directory, 'data', 'level')

  return {
    program: () => program,
    async start() {
      program = await startProgram(t, {
        directory,
        config,
        ...(isRoot ? { uid: nobody } : {}),
        nodeArgs: ['--import', clock],
        env: { REBOND_TEST_CLOCK: clockFile },
      })
      return program
    },
    async end(signal) {
      const ending = program
      program = null
      return await ending?.end(signal)
    },
    hasDisk,
    async fillDisk() {
      for (let free = await freeOctets(directory); free > 0; free = await freeOctets(directory))
        await writeFile(filler, Buffer.alloc(Math.min(free, 8 * 1024 * 1024)), { flag: 'a' }).catch(() => {})
    },
    freeDisk: () => rm(filler, { force: true }),
    async chmodStore(mode) {
      for (const name of await readdir(levelDirectory)) await chmod(join(levelDirectory, name), mode).catch(() => {})
    },
    setClock: offsetMs => writeFile(clockFile, String(offsetMs)),
    async limitDescriptors(more) {
      if (!program) return
      const open = (await readdir(`/proc/${program.pid}/fd`)).map(Number)
      const limit = more === null ? enoughDescriptors : Math.max(...open) + 1 + more
      // Its own user may do that, root without CAP_SYS_RESOURCE may not.
      await run('prlimit', ['--pid', String(program.pid), `--nofile=${limit}:`], isRoot ? { uid: nobody, gid: nobody } : {})
    },
    async ready() {
      const status = async () =>
        program
          ? fetch(`${program.url}/readyz`).then(
              answer => answer.status,
              () => 0,
            )
          : 0
      await until(status, code => code === 200)
    },
    webhooks,
  }
}

async function mountDisk(t: Test, at: string): Promise<boolean> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${diskOctets}`, 'tmpfs', at])
  } catch (err) {
    t.comment(`no disk to fill: ${String(err)}`)
    return false
  }
  t.teardown(() => run('umount', ['-l', at]))
  return true
}

async function freeOctets(at: string): Promise<number> {
  const { bavail, bsize } = await statfs(at)
  return bavail * bsize
}
