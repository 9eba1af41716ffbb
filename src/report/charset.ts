/**
 * Octets in some character set → text, by the label a mail declares (WHATWG Encoding, as node's TextDecoder knows it) or, where it declares
 * none or lies, by what the octets look like.
 *
 * Old Russian, Japanese and Chinese servers send 8-bit text without saying which: a guess that reads is worth more than U+FFFD.
 * Never throws; linear; the guess looks at 4 KiB.
 * Pure.
 */
const maxGuessOctets = 4_096
type Decoder = InstanceType<typeof TextDecoder>
const decoders = new Map<string, Decoder | null>()
const highOctet = /[\x80-\xff]/
/** Labels that only promise ASCII: octets above it were not declared at all. */
const asciiLabels = new Set([
  '',
  'us-ascii',
  'ascii',
  'ansi_x3.4-1968',
  'unknown-8bit',
  'x-unknown',
  'unknown',
  '7bit',
  '8bit',
  'default',
  'binary',
])

/** Decodes octets held as latin1 text. `label` is the declared charset, null when there is none. */
export function decodeOctets(latin1: string, label: string | null): string {
  const charset = (label ?? '')
    .trim()
    .toLowerCase()
    .replace(/^["']|["']$/g, '')
  if (charset.startsWith('utf-16') || charset.startsWith('utf-32') || charset === 'ucs-2') return decodeWide(latin1, charset)
  const escaped = latin1.includes('\x1b')
  if (!escaped && !highOctet.test(latin1)) return latin1
  const octets = Buffer.from(latin1, 'latin1')
  if (!asciiLabels.has(charset)) {
    const decoder = decoderFor(charset)
    // A declared UTF-8 that is none was declared by a gateway that did not look.
    if (decoder && !contradicts(decoder.encoding, octets, escaped)) return decodeWith(decoder, latin1, octets)
  }
  return decodeWith(decoderFor(guessCharset(octets)) ?? latin1Decoder, latin1, octets)
}

/** A gateway that did not look declared a charset that these octets are not in. */
function contradicts(encoding: string, octets: Buffer, escaped: boolean): boolean {
  if (encoding === 'utf-8') return !isUtf8(octets)
  if (encoding === 'iso-2022-jp') return !escaped
  return encoding !== 'windows-1252' && isUtf8(octets)
}

function decodeWith(decoder: Decoder, latin1: string, octets: Buffer): string {
  // Node's decoder of windows-1252 leaves the octets 80 to 9f as control characters (nodejs/node#56542).
  if (decoder.encoding !== 'windows-1252') return decoder.decode(octets)
  return latin1.replace(/[\x80-\x9f]/g, c => windows1252[c.charCodeAt(0) - 0x80] ?? c)
}

/** Octets 80 to 9f of windows-1252; the five that it leaves open stay. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/** Says which character set 8-bit or escaped octets are most likely in. */
export function guessCharset(octets: Buffer): string {
  if (isUtf8(octets)) return octets.includes('\x1b$', 0, 'latin1') ? 'iso-2022-jp' : 'utf-8'
  const head = octets.subarray(0, maxGuessOctets)
  if (meanRun(head) < 1.7) return 'windows-1252'
  let best = { charset: 'windows-1252', score: 0.25 }
  for (const [charset, usual] of candidates) {
    const score = plausibility(head, charset, usual)
    if (score > best.score) best = { charset, score }
  }
  return best.charset
}

/** Candidates with the characters that make up most of a real text in them. The first of equals wins. */
const candidates: readonly (readonly [string, RegExp])[] = [
  ['euc-jp', /[\u3040-\u309f\u3001\u3002]/g],
  ['shift_jis', /[\u3040-\u309f\u3001\u3002]/g],
  [
    'gb18030',
    /[的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实邮件地址无法您请收户服务器退信投递原系统]/g,
  ],
  [
    'big5',
    /[的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實郵件址無您請收戶服務器退信投遞原系統]/g,
  ],
  ['euc-kr', /[\uac00-\ud7a3]/g],
  ['koi8-r', /[\u0430-\u044f]/g],
  ['windows-1251', /[\u0430-\u044f]/g],
  ['cp866', /[\u0430-\u044f]/g],
]

/** Share of the characters above ASCII that are usual in a text of that charset; 0 when the octets are not valid in it. */
function plausibility(octets: Buffer, charset: string, usual: RegExp): number {
  const decoder = decoderFor(charset)
  if (!decoder) return 0
  const text = decoder.decode(octets)
  let high = 0
  let bad = 0
  for (const c of text) {
    const code = c.codePointAt(0) ?? 0
    if (code < 0x80) continue
    high++
    // Private use, box drawing, half-width kana and replacement characters: the wrong charset.
    if (code === 0xfffd || (code >= 0xe000 && code <= 0xf8ff) || (code >= 0x2500 && code <= 0x257f) || (code >= 0xff61 && code <= 0xff9f))
      bad++
  }
  if (high === 0 || bad > high / 20 + 1) return 0
  return (text.match(usual)?.length ?? 0) / high
}

/** Mean length of the runs of high octets: single accents in a Latin text, whole words in the others. */
function meanRun(octets: Buffer): number {
  let high = 0
  let runs = 0
  let before = false
  for (const octet of octets) {
    const now = octet >= 0x80
    if (now) high++
    if (now && !before) runs++
    before = now
  }
  return runs === 0 ? 0 : high / runs
}

function isUtf8(octets: Buffer): boolean {
  try {
    strictUtf8.decode(octets)
    return true
  } catch {
    return false
  }
}

function decodeWide(latin1: string, charset: string): string {
  const decoder = decoderFor(charset === 'ucs-2' ? 'utf-16be' : charset)
  // Without any NUL the label lies: wide text in Latin letters has one in each character.
  return decoder && latin1.includes('\0') ? decoder.decode(Buffer.from(latin1, 'latin1')) : decodeOctets(latin1, null)
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })
const latin1Decoder = new TextDecoder('windows-1252')

/** Hostile labels are not worth remembering: what TextDecoder does not know is not kept. */
function decoderFor(charset: string): Decoder | null {
  const known = decoders.get(charset)
  if (known !== undefined) return known
  try {
    const decoder = new TextDecoder(aliases[charset] ?? charset)
    if (decoders.size < 200) decoders.set(charset, decoder)
    return decoder
  } catch {
    return null
  }
}

/** Names in use in mail that the Encoding Standard does not list. */
const aliases: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-3': 'iso-2022-jp',
  cp936: 'gbk',
  'hz-gb-2312': 'gb18030',
  cp949: 'euc-kr',
  cp950: 'big5',
  cp1250: 'windows-1250',
  'iso-8859-1-windows-1252': 'windows-1252',
  ansi: 'windows-1252',
}
