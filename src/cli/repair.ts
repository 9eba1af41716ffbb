/**
 * `rebond repair --config FILE`: mends a damaged store that nobody serves, and says what was lost.
 */
import { repairLevel } from '../store/level/repair.ts'
import { loadConfig } from './load-config.ts'
import { repairManual } from './manual/repair.ts'
import { openProgress, type Progress } from './progress.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'
import { styleOf } from './style.ts'
import { formatTable } from './table.ts'

/** What the counters are called in print. */
const names = {
  blocks: 'blocks',
  messages: 'mails',
  bounces: 'returns',
  pending: 'returned mails to be judged',
  outbox: 'mails owed',
  dead: 'dead letters',
  webhooks: 'webhooks owed',
  hashed: 'erased addresses with a block',
} as const

/** Runs the command. */
export async function runRepair(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(repairManual, args, io)
  if (!read.ok) return read.status
  const file = read.values.config
  if (file === undefined) return refuseUsage(repairManual, '--config FILE must be given', io)
  const { stdout, stderr } = io
  const loaded = await loadConfig(file)
  if (!loaded.ok) {
    for (const problem of loaded.problems) stderr.write(`${problem}\n`)
    return 1
  }
  const { store } = loaded.config
  if (store.kind === 'postgres') {
    stderr.write('rebond repair: this store is in PostgreSQL, which is mended with its own tools, or restored from its backup\n')
    return 1
  }
  const mask = process.umask(0o077)
  const bars = new Map<string, Progress>()
  const endBars = () => {
    for (const bar of bars.values()) bar.end()
  }
  try {
    const { location, copy, counts, unreadable, blocksKept, erasedSecretLost } = await repairLevel({
      path: store.path,
      now: Date.now,
      onStep(step, rows) {
        if (!bars.has(step)) {
          endBars()
          bars.set(step, openProgress(io, { label: step, unit: 'rows', total: null }))
        }
        bars.get(step)?.advance(rows)
      },
    })
    endBars()
    stdout.write(`${location}: repaired; as it was it lies in ${copy}\n`)
    const rows = Object.entries(names).map(([name, said]) => {
      const { before, now } = counts[name as keyof typeof names]
      return [said, String(before), String(now), String(Math.max(0, before - now))].map(text => ({ text }))
    })
    for (const line of formatTable(['', 'counted', 'found', 'lost'], rows, styleOf(stdout, io.env))) stdout.write(`${line}\n`)
    if (unreadable > 0) stdout.write(`${unreadable} rows could not be read and were taken out\n`)
    if (blocksKept > 0) stdout.write(`${blocksKept} blocks hold whose address lost its history\n`)
    if (erasedSecretLost)
      stdout.write('the secret that erased addresses are found by was lost: their blocks hold no more, restore a backup if they must\n')
    return 0
  } finally {
    endBars()
    process.umask(mask)
  }
}
