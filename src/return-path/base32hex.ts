/**
 * Base32 with the extended hex alphabet (RFC 4648 §7): text that sorts as the octets it stands for. Lower case, no padding.
 * Pure.
 */

const alphabet = '0123456789abcdefghijklmnopqrstuv'
const valueOfLetter = new Map([...alphabet].map((letter, value) => [letter, value]))

/** Encodes octets; `length * 8 / 5` letters, rounded up. */
export function encodeBase32hex(octets: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const octet of octets) {
    held = (held << 8) | octet
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >>> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31]
}

/** Decodes text of any letter case; null when a letter is not of the alphabet or the last one carries bits beyond the last octet. */
export function decodeBase32hex(text: string): Uint8Array | null {
  const octets = new Uint8Array(Math.floor((text.length * 5) / 8))
  let bits = 0
  let held = 0
  let length = 0
  for (const letter of text.toLowerCase()) {
    const value = valueOfLetter.get(letter)
    if (value === undefined) return null
    held = (held << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      octets[length++] = held >>> bits
      held &= (1 << bits) - 1
    }
  }
  return held === 0 && bits < 5 ? octets : null
}
