/**
 * Writing as fast as it is read, so that output never piles up in memory.
 */
import { once } from 'node:events'

/** Writes a piece; resolves when more may be written. */
export async function writeText(stream: NodeJS.WritableStream, piece: string | Buffer): Promise<void> {
  if (!stream.write(piece)) await once(stream, 'drain')
}
