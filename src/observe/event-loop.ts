/**
 * How late the program's only thread is: every session, report and request waits for it.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

/** So often the thread is looked at; what it is later than that is lateness. */
const resolutionMs = 10

/** Keeps `rebond_event_loop_lateness_seconds`, over the time since it was last read; gives what ends it. */
export function watchEventLoop({ eventLoop }: Pick<Metrics, 'eventLoop'>): () => void {
  const histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  eventLoop.read = () => {
    const lateMs = histogram.count === 0 ? 0 : histogram.percentile(99) / 1e6 - resolutionMs
    histogram.reset()
    return Math.max(0, lateMs) / 1000
  }
  return () => {
    eventLoop.read = () => 0
    histogram.disable()
  }
}
