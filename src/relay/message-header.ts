/**
 * What the journal keeps of a mail's header: From, Subject, Message-ID, template, list, and the recipients' names (RFC 5322 §3.6).
 *
 * The head is gathered beside the message's way, from its first octets only, and never changes or holds them back.
 */
import { parseAddressList } from '../report/address-list.ts'
import { decodeHeaderText } from '../report/encoded-words.ts'
import { type Header, parseHeader } from '../report/header.ts'
import { type AddressKey, addressKeyOf } from '../smtp/path.ts'
import type { Message } from '../store/message-records.ts'
import type { ListReader } from './list-names.ts'

/** Octets of a mail that are looked at for its header. */
const maxHeadOctets = 65_536
const maxTextCharacters = 500

export type MessageHeader = Pick<Message, 'from' | 'subject' | 'template' | 'list' | 'headerMessageId'> & {
  /** Display names of To and Cc by address key; the first one of an address. */
  readonly names: ReadonlyMap<AddressKey, string>
}

/** A mail that has no header, or never came to it. */
export const noHeader: MessageHeader = { from: null, subject: null, template: null, list: null, headerMessageId: null, names: new Map() }

/** Gathers the head of a message in wire form, chunk by chunk. */
export class HeadGatherer {
  #head: Buffer = Buffer.alloc(0)

  /** Takes the next octets; true once the head is whole, or as long as it may be. The chunk is not kept. */
  take(octets: Buffer): boolean {
    // The empty line may be cut by the end of a chunk.
    const from = Math.max(0, this.#head.length - 3)
    const piece = octets.subarray(0, maxHeadOctets - this.#head.length)
    const ends = this.#head.length === 0 ? piece.indexOf('\r\n\r\n', 0, 'latin1') : -1
    this.#head = ends === -1 ? Buffer.concat([this.#head, piece]) : Buffer.from(piece.subarray(0, ends + 4))
    return ends !== -1 || this.#head.length >= maxHeadOctets || this.#head.includes('\r\n\r\n', from, 'latin1')
  }

  /** The head so far, without dot-stuffing. */
  head(): Buffer {
    const whole = this.#head
    if (whole[0] !== 46 && whole.indexOf('\r\n.', 0, 'latin1') === -1) return whole
    return Buffer.from(whole.toString('latin1').replace(/(^|\r\n)\./g, '$1'), 'latin1')
  }
}

/** Reads a head, dot-stuffing removed. */
export function readMessageHeader(head: Buffer, readNames: ListReader): MessageHeader {
  const header = parseHeader(head)
  const [from] = parseAddressList(header.first('from') ?? '')
  const subject = textOf(header.first('subject'))
  const { list, template } = readNames(header, subject)
  return {
    from: from ? { name: from.name, address: from.address } : null,
    subject,
    template,
    list,
    headerMessageId: textOf(header.first('message-id')),
    names: namesOf(header),
  }
}

function namesOf(header: Header): ReadonlyMap<AddressKey, string> {
  const names = new Map<AddressKey, string>()
  for (const field of header.fields) {
    if (field.name !== 'to' && field.name !== 'cc') continue
    for (const { name, address } of parseAddressList(field.value)) {
      if (name === null) continue
      const key = addressKeyOf(address)
      if (key !== null && !names.has(key)) names.set(key, name)
    }
  }
  return names
}

function textOf(raw: string | null): string | null {
  const text = raw === null ? '' : decodeHeaderText(raw).slice(0, maxTextCharacters)
  return text === '' ? null : text
}
