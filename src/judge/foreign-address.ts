/**
 * Addresses that are not of the Internet, as gateways write them into reports: X.400 O/R addresses (RFC 1685, mapped as in RFC 2156) and the
 * forms in which Exchange wraps foreign addresses, `IMCEAEX-_O=…_CN=jean@example.com`.
 *
 * They name a mailbox by other means; what is read is only what an address of ours can be compared with.
 * Pure.
 */

export type ForeignAddress = {
  /** Whole addresses it stands for. */
  readonly addresses: readonly string[]
  /** Local parts it may stand for, lower-case. */
  readonly locals: readonly string[]
  /** The domain those local parts are at; null when the form does not say. */
  readonly domain: string | null
}

/** Longest text read: legacyExchangeDN has at most 256 characters, encoded up to three times as long. */
const maxLength = 1_000

const imcea = /^imcea([a-z0-9]{1,20})-([^@]+)@([^@]+)$/i
const attribute = /(?:^|[/;,])\s*([a-z0-9][a-z0-9.:-]{0,31})\s*=([^/;,]*)/gi
/** Alias in a legacyExchangeDN of Exchange Online: 32 hexadecimal digits and a dash stand in front of it. */
const objectId = /^[0-9a-f]{32}-/

/** Reads a foreign form; null when the text is none. */
export function readForeignAddress(text: string): ForeignAddress | null {
  if (text.length > maxLength) return null
  const wrapped = imcea.exec(text)
  if (!wrapped) return text.includes('@') ? null : readX400(text)
  const [, kind = '', encoded = '', domain = ''] = wrapped
  const decoded = decodeImcea(encoded)
  switch (kind.toLowerCase()) {
    case 'ex': {
      const alias = /.*\/cn=([^/]+)$/i.exec(decoded)?.[1]?.toLowerCase()
      return alias === undefined ? null : { addresses: [], locals: [alias, alias.replace(objectId, '')], domain }
    }
    case 'smtp':
      return { addresses: [decoded], locals: [], domain: null }
    case 'x400':
      return readX400(decoded)
    default:
      return null
  }
}

/** `/` is written as `_`, everything but letters, digits, `=`, `-` and `.` as `+` and two hexadecimal digits. */
function decodeImcea(encoded: string): string {
  return encoded
    .replaceAll('_', '/')
    .replace(/\+([0-9a-f]{2})/gi, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

/** `/G=Jean/S=Dupont/O=Example/PRMD=EX/ADMD=/C=FR/` and `c=fr;a= ;p=ex;o=example;s=dupont;g=jean`. */
function readX400(text: string): ForeignAddress | null {
  const found = new Map<string, string>()
  for (const [, name = '', value = ''] of text.matchAll(attribute)) found.set(name.trim().toLowerCase(), value.trim())
  if (!found.has('c') && !found.has('admd') && !found.has('a')) return null
  const rfc822 = found.get('dd.rfc-822') ?? found.get('dda:rfc-822') ?? found.get('dd.rfc822')
  if (rfc822 !== undefined) return { addresses: [decodeRfc822(rfc822)], locals: [], domain: null }
  const surname = found.get('s')?.toLowerCase()
  const given = (found.get('g') ?? found.get('i'))?.toLowerCase()
  const common = found.get('cn')?.toLowerCase().replaceAll(' ', '.')
  const locals = surname === undefined ? [] : given ? [`${given}.${surname}`, `${given}_${surname}`, `${given}-${surname}`] : [surname]
  return { addresses: [], locals: common ? [...locals, common] : locals, domain: null }
}

/** RFC 2156 §4.3.3: characters that an X.400 printable string cannot hold. */
function decodeRfc822(value: string): string {
  return value.replace(/\((a|p|u|q|l|r)\)/g, (_all, letter: string) => ({ a: '@', p: '%', u: '_', q: '"', l: '(', r: ')' })[letter] ?? '')
}
