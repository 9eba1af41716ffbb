/**
 * Memory that sockets read into, used again and again: one buffer for all connections while they talk in lines (a line reader copies what
 * it keeps before the next read), and one of its own for each connection in the middle of a message, whose octets wait to be written.
 *
 * Promise: a buffer given out by `takeBuffer` belongs to one connection until it is given back.
 */

/** Octets of one read at most. */
export const readBufferOctets = 65_536
/** Free buffers kept for later. */
const maxFree = 32

/** Valid only within the call that a chunk is handed to. */
export const sharedBuffer = Buffer.allocUnsafeSlow(readBufferOctets)

const free: Buffer[] = []

/** Gives a buffer to one connection. */
export function takeBuffer(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(readBufferOctets)
}

/** Takes a buffer back; nothing may read from it or write it out any more. */
export function giveBack(buffer: Buffer): void {
  if (free.length < maxFree) free.push(buffer)
}
