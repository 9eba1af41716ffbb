/**
 * The worker thread that reads reports the general way: it may hang or eat memory, and is then terminated by report-parser.ts.
 */
import { parentPort } from 'node:worker_threads'
import { parseReport } from '../report/general.ts'
import type { Report } from '../report/report.ts'

/** One mail to read, and its report. A report is plain data: it crosses by structured clone. */
export type WorkerJob = { readonly id: number; readonly raw: Uint8Array }
/** `ready` comes once, when the thread has loaded its code: time is counted from then on. */
export type WorkerAnswer = { readonly kind: 'ready' } | { readonly kind: 'read'; readonly id: number; readonly report: Report }

parentPort?.on('message', ({ id, raw }: WorkerJob) => {
  // A rejection is a bug: it ends the thread, and report-parser.ts answers for it.
  void parseReport(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)).then(report => {
    answer({ kind: 'read', id, report })
  })
})
answer({ kind: 'ready' })

function answer(message: WorkerAnswer): void {
  parentPort?.postMessage(message)
}
