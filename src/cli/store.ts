/**
 * `rebond store copy --from FILE --to FILE` and `rebond store migrate --config FILE`: work on a store that nobody serves.
 */
import type { Config } from '../config/schema.ts'
import { createLog } from '../observe/log.ts'
import type { Archive } from '../store/archive.ts'
import { copyStore } from '../store/copy-store.ts'
import { openArchive, openDatabase } from '../store/open-archive.ts'
import { migrate } from '../store/postgres/migrate.ts'
import { loadConfig } from './load-config.ts'
import { storeManual } from './manual/store.ts'
import { openProgress, type Progress } from './progress.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'

/** Runs the command. */
export async function runStore(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(storeManual, args, io)
  if (!read.ok) return read.status
  const { values, positionals } = read
  const [verb, ...more] = positionals
  if (more.length > 0) return refuseUsage(storeManual, `options only behind ${verb}, not ${more.join(' ')}`, io)
  if (verb === 'copy') {
    const { from, to } = values
    if (from === undefined || to === undefined) return refuseUsage(storeManual, 'copy needs --from FILE and --to FILE', io)
    return runCopy(from, to, io)
  }
  if (verb === 'migrate') {
    if (values.config === undefined) return refuseUsage(storeManual, 'migrate needs --config FILE', io)
    return runMigrate(values.config, io)
  }
  return refuseUsage(storeManual, `say copy or migrate${verb === undefined ? '' : `, not ${verb}`}`, io)
}

async function runCopy(fromFile: string, toFile: string, io: CommandIo): Promise<number> {
  const [source, target] = [await storeOf(fromFile, io), await storeOf(toFile, io)]
  if (!source || !target) return 1
  const deps = { log: createLog('warn'), now: Date.now }
  const from = await openArchive(source, deps)
  try {
    const to = await openArchive(target, deps)
    try {
      return await copyAndTell(from, to, io)
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

async function copyAndTell(from: Archive, to: Archive, io: CommandIo): Promise<number> {
  const bars = new Map<string, Progress>()
  const endBars = () => {
    for (const bar of bars.values()) bar.end()
  }
  try {
    const verified = await copyStore(from, to, ({ kind, doing, rows }) => {
      const label = `${doing} ${kind}`
      if (!bars.has(label)) {
        endBars()
        bars.set(label, openProgress(io, { label, unit: 'rows', total: null }))
      }
      bars.get(label)?.advance(rows)
    })
    endBars()
    for (const { kind, rows, same } of verified)
      io.stdout.write(`${kind.padEnd(10)} ${String(rows).padStart(12)}  ${same ? 'verified' : 'DIFFERS'}\n`)
    return verified.every(({ same }) => same) ? 0 : 1
  } finally {
    endBars()
  }
}

async function runMigrate(file: string, io: CommandIo): Promise<number> {
  const config = await storeOf(file, io)
  if (!config) return 1
  const database = await openDatabase(config, createLog('warn'))
  try {
    const { from, to } = await migrate(database)
    io.stdout.write(
      from === to
        ? `the store in ${database.place} has schema ${to} already\n`
        : `the store in ${database.place}: schema ${from} to ${to}\n`,
    )
    return 0
  } finally {
    await database.close()
  }
}

async function storeOf(file: string, { stderr }: CommandIo): Promise<Config['store'] | null> {
  const loaded = await loadConfig(file)
  if (loaded.ok) return loaded.config.store
  for (const problem of loaded.problems) stderr.write(`${problem}\n`)
  return null
}
