/**
 * `rebond backup DIR`: the store of the running server and the key of its return paths, as a data directory that can be served at once.
 *
 * Promises: DIR has its name only when all of it was read again and is on disk; what was cut short is taken away.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Config } from '../config/schema.ts'
import { defaultKeyFile, readKeyFile } from '../store/key-file.ts'
import { makeDirectory } from '../store/make-directory.ts'
import type { SnapshotTotal } from '../store/snapshot.ts'
import { openApi } from './api-client.ts'
import { loadConfig } from './load-config.ts'
import { backupManual } from './manual/backup.ts'
import { openProgress } from './progress.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import { receiveBackup } from './receive-backup.ts'
import { type CommandIo, sentence } from './run-command.ts'

/** A key of return paths: where it was read, and the name it gets. */
type KeptKey = { readonly file: string; readonly name: string; readonly key: Buffer }

/** Runs the command. */
export async function runBackup(args: readonly string[], io: CommandIo): Promise<number> {
  const given = readArguments(backupManual, args, io)
  if (!given.ok) return given.status
  const { values, positionals } = given
  const [name, ...more] = positionals
  if (name === undefined) return refuseUsage(backupManual, 'needs a DIR to make', io)
  if (more.length > 0) return refuseUsage(backupManual, `one directory at a time, not also ${more.join(' ')}`, io)
  const keyless = values['without-key'] === true
  if (values.config === undefined && !keyless)
    return refuseUsage(backupManual, 'needs --config FILE, which says where the key of the return paths lies, or --without-key', io)
  const failed = (why: string): number => {
    io.stderr.write(`rebond backup: ${why}\n`)
    return 1
  }
  const loaded = values.config === undefined ? null : await loadConfig(values.config)
  if (loaded && !loaded.ok) return failed(loaded.problems.join('\n'))
  if (loaded?.config.store.kind === 'postgres') return failed(byItsOwnTools(loaded.config.store.url))
  const target = resolve(name)
  const inTheWay = await whyNotFree(target)
  if (inTheWay) return failed(inTheWay)
  let keys: readonly KeptKey[]
  try {
    keys = keyless || !loaded ? [] : await readKeys(loaded.config)
  } catch (err) {
    return failed(`${sentence(err)}; run it as the user that rebond runs as, or leave the key out with --without-key`)
  }
  const opened = await openApi(values, io.env)
  if (!opened.ok) return failed(opened.why)

  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`)
  const mask = process.umask(0o077)
  const stop = new AbortController()
  const onSignal = (signal: NodeJS.Signals) => stop.abort(`stopped by ${signal}`)
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  const progress = openProgress(io, { label: 'backup', unit: 'rows', total: null })
  try {
    await makeDirectory(dirname(target))
    await mkdir(draft, { mode: 0o700 })
    const total = await receiveBackup(opened.api, draft, { onRow: () => progress.advance(), signal: stop.signal })
    for (const { name: file, key } of keys) await writeDurably(join(draft, file), `${key.toString('base64')}\n`)
    await syncDirectory(draft)
    await rename(draft, target)
    await syncDirectory(dirname(target))
    progress.end()
    tell(target, total, keys)
    return 0
  } catch (err) {
    progress.end()
    return failed(`${sentence(err)}; nothing was kept`)
  } finally {
    await rm(draft, { recursive: true, force: true })
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    process.umask(mask)
  }

  function tell(directory: string, total: SnapshotTotal, kept: readonly KeptKey[]): void {
    if (values.json)
      io.stdout.write(`${JSON.stringify({ directory, ...total, keys: kept.map(({ file, name: as }) => ({ from: file, as })) })}\n`)
    else {
      io.stdout.write(`${directory}: ${total.rows} rows, read again and the same (sha256 ${total.sha256})\n`)
      for (const { file, name: as } of kept) io.stdout.write(`${join(directory, as)}: the key of ${file}\n`)
    }
    if (kept.length === 0)
      io.stderr.write(
        'rebond backup: the key of the return paths is NOT in this backup; without its file no return of mail sent so far counts after a restore\n',
      )
  }
}

/** null: nothing stands there, or an empty directory. */
async function whyNotFree(directory: string): Promise<string | null> {
  try {
    const names = await readdir(directory)
    return names.length === 0 ? null : `${directory} must be empty or not exist, and holds ${names.length} entries`
  } catch (err) {
    const { code, message } = err as NodeJS.ErrnoException
    return code === 'ENOENT' ? null : `${directory} must be a directory that can be made: ${message}`
  }
}

/** @throws {KeyFileInvalid} */
async function readKeys({ returnPath, store }: Config): Promise<KeptKey[]> {
  const file = returnPath.keyFile ?? defaultKeyFile(store.path)
  const keys = [{ file, name: basename(defaultKeyFile('')), key: await readKeyFile(file) }]
  for (const [i, previous] of returnPath.previousKeyFiles.entries())
    keys.push({ file: previous, name: `previous-${i + 1}.key`, key: await readKeyFile(previous) })
  return keys
}

function byItsOwnTools(url: string | null): string {
  const place = url !== null && URL.canParse(url) ? Object.assign(new URL(url), { password: '' }).href : 'DATABASE'
  return `this store is in PostgreSQL, which has its own tools: pg_dump --format=custom --file=rebond.dump '${place}', restored by pg_restore; copy the file of returnPath.keyFile beside it`
}

async function writeDurably(file: string, content: string): Promise<void> {
  await writeFile(file, content, { mode: 0o600, flag: 'wx', flush: true })
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
