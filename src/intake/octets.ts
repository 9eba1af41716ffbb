/**
 * Octets that come in pieces of any size, kept as one buffer: a peer that sends one octet a packet must not cost a buffer for each.
 */

const firstCapacity = 16 * 1024

export class Octets {
  readonly #most: number
  readonly #grows: (by: number) => boolean
  #buffer = Buffer.alloc(0)
  #length = 0

  /** `most`: octets beyond it are dropped. `grows` is asked before memory is taken, with how much, and may refuse it. */
  constructor(most: number, grows: (by: number) => boolean = () => true) {
    this.#most = most
    this.#grows = grows
  }

  /** Adds a copy of the piece; false when the memory for it was refused, and nothing was added. */
  push(piece: Buffer): boolean {
    const wanted = Math.min(this.#length + piece.length, this.#most)
    if (wanted > this.#buffer.length) {
      const capacity = Math.min(this.#most, Math.max(firstCapacity, wanted, this.#buffer.length * 2))
      if (!this.#grows(capacity - this.#buffer.length)) return false
      const larger = Buffer.allocUnsafe(capacity)
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    piece.copy(this.#buffer, this.#length, 0, wanted - this.#length)
    this.#length = wanted
    return true
  }

  /** The octets kept; a view, which is right until the next push. */
  get kept(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}
