/**
 * `rebond rejudge`: the kept returns through today's rules, on the running server: what would change, or the change.
 */
import { z } from 'zod'
import { openApi } from './api-client.ts'
import { rejudgeManual } from './manual/rejudge.ts'
import { printable } from './printable.ts'
import { openProgress } from './progress.ts'
import { readArguments } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'
import { writeText } from './write-text.ts'

const verdict = z.object({ category: z.string(), type: z.string(), rule: z.string(), counted: z.boolean(), why: z.string() })
const answered = z.object({
  counts: z.record(z.string(), z.number()),
  changed: z.array(
    z.object({ id: z.string(), address: z.string(), receivedAt: z.string(), from: verdict, to: verdict, effect: z.string() }),
  ),
  next: z.string().nullable(),
})
type Changed = z.output<typeof answered>['changed'][number]

/** Returns that one call looks at: it ends well within the time that a call may take. */
const perCall = 100
const looked = ['changed', 'same', 'decided', 'tooOld', 'gone', 'other']

/** Runs the command. */
export async function runRejudge(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(rejudgeManual, args, io)
  if (!read.ok) return read.status
  const { values } = read
  const { stdout, stderr, env } = io
  const opened = await openApi(values, env)
  if (!opened.ok) return failed(opened.why)
  const dryRun = values['dry-run'] ?? false
  const asked = Object.fromEntries(
    (['since', 'until', 'domain', 'category', 'why', 'by'] as const).flatMap(name =>
      values[name] === undefined ? [] : [[name, values[name]]],
    ),
  )
  const progress = openProgress(io, { label: 'rejudge', unit: 'returns', total: null })
  const counts: Record<string, number> = {}
  let cursor = values.cursor ?? null
  try {
    do {
      const answer = await opened.api.call('POST', '/v1/rejudge', {
        ...asked,
        dryRun,
        limit: perCall,
        ...(cursor === null ? {} : { cursor }),
      })
      if (!answer.ok) return failed(answer.why, cursor)
      const page = answered.parse(answer.body)
      for (const [name, count] of Object.entries(page.counts)) counts[name] = (counts[name] ?? 0) + count
      if (page.changed.length > 0) progress.hide()
      for (const one of page.changed) await writeText(stdout, values.json ? `${JSON.stringify(one)}\n` : printChanged(one))
      progress.advance(looked.reduce((sum, name) => sum + (page.counts[name] ?? 0), 0))
      cursor = page.next
    } while (cursor !== null)
  } finally {
    progress.end()
  }
  await writeText(stdout, values.json ? `${JSON.stringify({ summary: { dryRun, counts } })}\n` : printCounts(counts, dryRun))
  return 0

  function failed(why: string, at: string | null = null): number {
    stderr.write(`rebond rejudge: ${why}\n`)
    if (at !== null) stderr.write(`rebond rejudge: what was printed is done; go on with --cursor ${at}\n`)
    return 1
  }
}

function printChanged({ address, from, to, effect }: Changed): string {
  const said = ({ type, category, rule, why }: Changed['from']) => `${type} ${category} (${rule}, ${why})`
  const then = effect === 'blocks' ? '; blacklists it' : effect === 'restores' ? '; lifts its block' : ''
  return `${printable(`${address}: ${said(from)} -> ${said(to)}${then}`)}\n`
}

function printCounts(counts: Record<string, number>, dryRun: boolean): string {
  const of = (name: string) => counts[name] ?? 0
  const total = looked.reduce((sum, name) => sum + of(name), 0)
  const kept = [
    [of('same'), 'stay as they are'],
    [of('decided'), 'were decided on, which stands'],
    [of('tooOld'), 'are too old to be taken out'],
    [of('gone'), 'cannot be read any more'],
    [of('other'), 'are no failures'],
  ].flatMap(([count, words]) => (count ? [`${count} ${words}`] : []))
  const what = dryRun ? 'would change' : 'changed'
  return `${total} returns: ${of('changed')} ${what} (${of('blocks')} blacklist, ${of('restores')} lift a block)${kept.map(one => `, ${one}`).join('')}\n`
}
