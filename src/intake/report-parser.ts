/**
 * Reads reports without ever holding up the event loop: small well-formed mails at once, all others in worker threads with a limit of time
 * and memory. A thread that passes a limit is terminated and replaced; its mail comes back as a report of kind `other` that names the problem,
 * so that it stays visible and nothing is lost.
 */
import { Worker } from 'node:worker_threads'
import { parseReportDirect } from '../report/direct.ts'
import { maxMailOctets } from '../report/mail.ts'
import { type Report, type ReportProblem, unreadableReport } from '../report/report.ts'
import type { WorkerAnswer, WorkerJob } from './report-worker.ts'

export type ReportParser = {
  /**
   * Reads one mail, its first MiB; `raw` is copied. Resolves whatever the mail holds.
   * @throws {Error} `ERR_PARSER_CLOSED` after `close`: the mail was not read and stays to be read.
   */
  parse(raw: Buffer): Promise<Report>
  /** Terminates the threads; mails being read are rejected with `ERR_PARSER_CLOSED`. */
  close(): Promise<void>
}

export type ReportParserOptions = {
  /** Threads at most; each starts when it is first needed. */
  readonly workers?: number
  /** Longest time for one mail in a thread. */
  readonly timeLimitMs?: number
  /** Old-generation heap of a thread. */
  readonly maxOldSpaceMb?: number
  /** Largest mail (octets) that is read at once; 0: every mail goes to a thread. */
  readonly inlineOctets?: number
  readonly log?: { warn(fields: object, message: string): void }
  /** Another thread in place of report-worker: for tests. */
  readonly workerUrl?: URL
}

type Job = { readonly raw: Uint8Array; readonly resolve: (report: Report) => void; readonly reject: (err: Error) => void }
type Thread = { readonly worker: Worker; ready: boolean; job: { readonly id: number; readonly own: Job; timer: NodeJS.Timeout } | null }

/** Read directly, a mail of this size takes some milliseconds, and under 50 at worst: the largest standard reports are smaller. */
const defaultInlineOctets = 65_536
/** Longest time in which a thread must have loaded its code. */
const startLimitMs = 60_000

/** Makes a parser. It holds no thread until a mail needs one. */
export function createReportParser(options: ReportParserOptions = {}): ReportParser {
  const { workers = 1, timeLimitMs = 10_000, maxOldSpaceMb = 256, inlineOctets = defaultInlineOctets, log } = options
  // Compiled, the worker stands beside this file as .js; under the tests' loader as .ts.
  const url = options.workerUrl ?? new URL(import.meta.url.endsWith('.ts') ? './report-worker.ts' : './report-worker.js', import.meta.url)
  const threads = new Set<Thread>()
  const waiting: Job[] = []
  let closed = false
  let nextId = 1

  function start(): Thread {
    const worker = new Worker(url, {
      name: 'report-parser',
      resourceLimits: { maxOldGenerationSizeMb: maxOldSpaceMb },
      // Of the process's own flags only a loader of TypeScript matters to it.
      ...(url.pathname.endsWith('.ts') ? {} : { execArgv: [] }),
    })
    const thread: Thread = { worker, ready: false, job: null }
    worker.unref()
    worker.on('message', (answer: WorkerAnswer) => {
      if (answer.kind === 'ready') {
        thread.ready = true
        if (thread.job) {
          clearTimeout(thread.job.timer)
          thread.job.timer = limit(thread)
        }
      } else if (thread.job?.id === answer.id) {
        settle(thread)?.resolve(answer.report)
        dispatch()
      }
    })
    worker.on('error', (err: Error & { code?: string }) =>
      lose(thread, err.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory-limit' : 'parser-failed', err),
    )
    worker.on('exit', () => lose(thread, 'parser-failed', null))
    threads.add(thread)
    return thread
  }

  function limit(thread: Thread): NodeJS.Timeout {
    return setTimeout(() => lose(thread, 'time-limit', null), thread.ready ? timeLimitMs : startLimitMs)
  }

  /** Takes the thread's job off it. */
  function settle(thread: Thread): Job | null {
    const { job } = thread
    if (!job) return null
    clearTimeout(job.timer)
    thread.job = null
    thread.worker.unref()
    return job.own
  }

  /** The thread is gone or must go: its mail is answered for, the next one finds another. */
  function lose(thread: Thread, problem: ReportProblem, err: Error | null): void {
    if (!threads.delete(thread)) return
    const job = settle(thread)
    void thread.worker.terminate()
    if (closed) return
    if (job) {
      log?.warn({ problem, octets: job.raw.byteLength, ...(err ? { err } : {}) }, 'a report could not be read')
      job.resolve(unread(problem))
    }
    dispatch()
  }

  function dispatch(): void {
    while (waiting.length > 0) {
      const idle = [...threads].find(thread => thread.job === null) ?? (threads.size < workers ? start() : null)
      const own = idle ? waiting.shift() : undefined
      if (!idle || !own) return
      const id = nextId++
      idle.job = { id, own, timer: limit(idle) }
      idle.worker.ref()
      const job: WorkerJob = { id, raw: own.raw }
      idle.worker.postMessage(job, own.raw.buffer instanceof ArrayBuffer ? [own.raw.buffer] : [])
    }
  }

  return {
    async parse(raw) {
      if (closed) throw closedError()
      const report = raw.length <= inlineOctets ? parseReportDirect(raw) : null
      if (report) return report
      return new Promise((resolve, reject) => {
        waiting.push({ raw: new Uint8Array(raw.subarray(0, maxMailOctets)), resolve, reject })
        dispatch()
      })
    },

    async close() {
      closed = true
      const pending = [...waiting.splice(0), ...[...threads].map(settle).filter(job => job !== null)]
      const ended = [...threads].map(thread => thread.worker.terminate())
      threads.clear()
      for (const job of pending) job.reject(closedError())
      await Promise.all(ended)
    },
  }
}

/** What stands for a mail that could not be read, and why. */
function unread(problem: ReportProblem): Report {
  return { ...unreadableReport, problem }
}

function closedError(): Error {
  return Object.assign(new Error('the report parser is closed'), { code: 'ERR_PARSER_CLOSED' })
}
