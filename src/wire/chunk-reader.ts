/**
 * Octets from a socket → chunks, in reused memory where the socket allows it (`onread` of node:net; measured: 20–40 % more messages a second).
 *
 * `net.connect` has `onread` as a public option. A socket that was accepted has not: `readInto` sets the same three fields behind one
 * function, with a contract test (test/wire/wire.test.ts), and says so where a version of Node has them no more; then chunks are fresh memory.
 */
import type { Socket } from 'node:net'
import { giveBack, sharedBuffer, takeBuffer } from './read-buffers.ts'

export class ChunkReader {
  /** Takes each chunk; without a buffer of its own the chunk is valid within the call only. */
  onChunk: (chunk: Buffer) => void = () => {}
  #wantsOwn = false
  #own: Buffer | null = null

  /** From the next read on, chunks stay valid until the one after them is read, or again only within the call. */
  useOwnBuffer(wanted: boolean): void {
    this.#wantsOwn = wanted
  }

  /** Says whether the chunk's memory is used again as soon as the call it was handed to returns. */
  lends(chunk: Buffer): boolean {
    return chunk.buffer === sharedBuffer.buffer
  }

  /** The options of `onread`. */
  readonly onread = {
    buffer: (): Buffer => this.#nextBuffer(),
    callback: (octets: number, buffer: Uint8Array): boolean => {
      this.onChunk((buffer as Buffer).subarray(0, octets) as Buffer)
      return true
    },
  }

  /** Reads by events instead, each chunk in memory of its own. */
  readEvents(socket: Socket): void {
    socket.on('data', chunk => this.onChunk(chunk))
  }

  #nextBuffer(): Buffer {
    if (this.#wantsOwn) {
      this.#own ??= takeBuffer()
      return this.#own
    }
    if (this.#own) giveBack(this.#own)
    this.#own = null
    return sharedBuffer
  }
}

type Fields = Record<symbol, unknown> & { readonly _handle?: { useUserBuffer?(buffer: Buffer): void } | null }

/** Makes an accepted socket, which must not have read anything yet, read through `reader`; false when this Node cannot. */
export function readInto(socket: Socket, reader: ChunkReader): boolean {
  const fields = socket as unknown as Fields
  const symbols = Object.getOwnPropertySymbols(socket)
  const [buffer, callback, generate] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map(name => symbols.find(one => one.description === name))
  if (!buffer || !callback || !generate || typeof fields._handle?.useUserBuffer !== 'function') return false
  fields[buffer] = sharedBuffer
  fields[callback] = reader.onread.callback
  fields[generate] = reader.onread.buffer
  fields._handle.useUserBuffer(sharedBuffer)
  return true
}
