/**
 * The progress bar of long commands (import, export, classify, rejudge): how much is done, how fast, how long it still takes.
 *
 * Drawn on standard error, in one line that overwrites itself, at most ten times a second, and only when standard error is a terminal that can
 * move its cursor: a file, a pipe and TERM=dumb get nothing. Advancing costs a clock reading at most.
 */
import type { CommandIo } from './run-command.ts'

export type ProgressOptions = {
  /** What is under way, as a word: `import`. */
  readonly label: string
  /** What is counted: `lines`, `mails`, `bytes`. */
  readonly unit: string
  /** How many there are; null: not known, then only count and rate are shown. */
  readonly total: number | null
  /** Milliseconds since any fixed moment. */
  readonly now?: () => number
}

export type Progress = {
  /** Counts `steps` more as done (1 unless told). */
  advance(steps?: number): void
  /** Takes the bar off the screen, so that a line can be printed in its place; the next `advance` may draw it again. */
  hide(): void
  /** Takes the bar off the screen for good. */
  end(): void
}

const drawEveryMs = 100
const defaultColumns = 80
const eraseLine = '\r\x1b[K'

/** Starts counting. `io` is the command's own; nothing is drawn before the first tenth of a second has passed. */
export function openProgress(
  { stderr, env }: Pick<CommandIo, 'stderr' | 'env'>,
  { label, unit, total, now = () => performance.now() }: ProgressOptions,
): Progress {
  const terminal = stderr as NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  if (!terminal.isTTY || env.TERM === 'dumb') return { advance() {}, hide() {}, end() {} }
  const startedAt = now()
  let drawnAt = startedAt
  let done = 0
  let shown = false
  let ended = false

  function hide(): void {
    if (shown) terminal.write(eraseLine)
    shown = false
  }

  return {
    advance(steps = 1) {
      done += steps
      const at = now()
      if (ended || at - drawnAt < drawEveryMs) return
      drawnAt = at
      shown = true
      const line = formatProgress({ label, unit, total, done, elapsedMs: at - startedAt, columns: terminal.columns || defaultColumns })
      terminal.write(`${eraseLine}${line}`)
    },
    hide,
    end() {
      ended = true
      hide()
    },
  }
}

export type ProgressState = {
  readonly label: string
  readonly unit: string
  readonly total: number | null
  readonly done: number
  readonly elapsedMs: number
  /** Of the terminal. The line is shorter, for some terminals wrap when the last column is written. */
  readonly columns: number
}

/** Writes the bar: `import [#########.....]  64 %  640,000 of 1,000,000 lines, 12,800/s, 0:28 left`. */
export function formatProgress({ label, unit, total, done, elapsedMs, columns }: ProgressState): string {
  const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0
  const rate = `${grouped(Math.round(perSecond))}/s`
  if (total === null) return `${label} ${grouped(done)} ${unit}, ${rate}`.slice(0, columns - 1)
  const share = total > 0 ? Math.min(1, done / total) : 1
  const left = perSecond > 0 ? `, ${clock((Math.max(0, total - done) * 1000) / perSecond)} left` : ''
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  const words = `${percent}  ${grouped(done)} of ${grouped(total)} ${unit}, ${rate}${left}`
  const room = Math.min(30, columns - label.length - words.length - 5)
  const bar = room < 5 ? '' : ` [${'#'.repeat(Math.floor(share * room)).padEnd(room, '.')}]`
  return `${label}${bar} ${words}`.slice(0, columns - 1)
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** Minutes and seconds, with hours when there are any: `1:02:03`. */
function clock(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const tail = String(seconds % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}
