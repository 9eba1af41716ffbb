/**
 * A backup as the server sends it → a database in a directory, compared three times: as it was sent, as it came, as it is read from disk again.
 */
import { writeSnapshot } from '../store/level/write-snapshot.ts'
import { parseSnapshotLine, SnapshotSum, type SnapshotTotal, sameTotal } from '../store/snapshot.ts'
import { StoreUnavailable } from '../store/store-unavailable.ts'
import type { Api } from './api-client.ts'

/** Why there is no backup; the message is all there is to say. */
export class BackupFailed extends Error {
  readonly code = 'ERR_BACKUP_FAILED'
}

type Receiving = {
  readonly onRow: () => void
  /** Its reason is a sentence. */
  readonly signal: AbortSignal
}

/** Gives what is on disk. @throws {BackupFailed} @throws {StoreUnavailable} what is in the directory is then of no use. */
export async function receiveBackup(api: Api, directory: string, { onRow, signal }: Receiving): Promise<SnapshotTotal> {
  const exchanged = await api.exchange('GET', '/v1/backup')
  if (!exchanged.ok) throw new BackupFailed(exchanged.why)
  const writer = await writeSnapshot(directory)
  let rows = 0
  try {
    const received = new SnapshotSum()
    let sent: SnapshotTotal | null = null
    for await (const text of linesOf(exchanged.answer)) {
      if (signal.aborted) throw new BackupFailed(String(signal.reason))
      const parsed = parseSnapshotLine(text)
      if (!parsed.ok || sent) throw new BackupFailed(`line ${rows + 1} of the server's answer is no row of a backup`)
      if (parsed.line.kind === 'end') {
        sent = parsed.line.total
        continue
      }
      rows++
      received.add(parsed.line.entry)
      await writer.put(parsed.line.entry)
      onRow()
    }
    if (!sent) throw new BackupFailed(`the server ended it after ${rows} rows: its log says why`)
    if (!sameTotal(sent, received.total())) throw new BackupFailed(`${sent.rows} rows were sent, and other ones came`)
    const written = await writer.finish()
    if (!sameTotal(sent, written)) throw new BackupFailed(`what was written reads as something else: look at the disk`)
    return written
  } catch (err) {
    await writer.abandon()
    if (err instanceof BackupFailed || err instanceof StoreUnavailable) throw err
    throw new BackupFailed(`it was cut off after ${rows} rows (${(err as Error).message}): the server's log says why`)
  }
}

const lf = 0x0a

/** Lines without their ends; what stands behind the last end is no line. */
async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let open: Buffer[] = []
  for await (const piece of pieces) {
    let from = 0
    for (let end = piece.indexOf(lf); end !== -1; end = piece.indexOf(lf, from)) {
      yield Buffer.concat([...open, piece.subarray(from, end)]).toString('utf8')
      open = []
      from = end + 1
    }
    if (from < piece.length) open.push(piece.subarray(from))
  }
}
