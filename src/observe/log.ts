/**
 * The log: one JSON object a line on standard error (pino).
 *
 * At `info` and above nothing personal: sessions, messages and reports by their ids, never an address, a subject or a secret.
 */
import { type DestinationStream, type Logger, pino } from 'pino'

export type Log = Logger

/** Opens the log; `stream` is for tests, else standard error. Written synchronously: the line before a crash is the one that matters. */
export function createLog(level: string, stream?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    stream ?? pino.destination({ fd: 2, sync: true }),
  )
}
