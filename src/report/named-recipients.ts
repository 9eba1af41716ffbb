/**
 * Whom the words of a notice name, and what they say about each: the table of readers, and what to do when none of them finds anybody.
 *
 * Pure.
 */
import { replyCodeIn, statusIn } from './diagnostic.ts'
import type { Notice } from './notice.ts'
import { quotedRecipient } from './quoted-recipient.ts'
import { addressBlocks, isFooter } from './readers/address-blocks.ts'
import { failureReasons } from './readers/failure-reasons.ts'
import { gatewayNotice } from './readers/gateway-notice.ts'
import { headedLists } from './readers/headed-lists.ts'
import { listRefusal } from './readers/list-refusal.ts'
import { localNames } from './readers/local-names.ts'
import type { NamedRecipient, Reader } from './readers/reader.ts'
import { sentences } from './readers/sentences.ts'
import { transcript } from './readers/transcript.ts'
import { addressesIn } from './text-address.ts'

/** Shapes of notices, the most particular first; the first that finds somebody counts. */
export const readers: readonly Reader[] = [
  listRefusal,
  gatewayNotice,
  failureReasons,
  transcript,
  headedLists,
  addressBlocks,
  sentences,
  localNames,
]

const maxSaid = 2_000
/** Words of this length explain themselves. */
const enough = 240
const maxListed = 20_000

/** Gives the recipients that a notice names: by its words, else by X-Failed-Recipients (Exim, Gmail). */
export function namedRecipients(notice: Notice): readonly NamedRecipient[] {
  for (const reader of readers) {
    const named = reader.read(notice)
    const [only] = named
    if (only && named.length === 1) return [{ ...only, said: allWordsAbout(only, notice) }]
    if (only) return named
  }
  return notice.mail.header
    .all('x-failed-recipients')
    .flatMap(value => addressesIn(value.slice(0, maxListed)))
    .map(({ address }) => ({ address, originalAddress: null, said: '', action: null }))
}

/** A notice that names nobody: the only recipient of the enclosed or quoted mail, or nobody. */
export function unnamedRecipient(notice: Notice): NamedRecipient {
  const { originalTo } = notice
  const only = new Set(originalTo.map(address => address.toLowerCase())).size === 1 ? originalTo[0] : undefined
  return { address: only ?? quotedRecipient(notice), originalAddress: null, said: '', action: null }
}

/** The words of the notice as a last resort: without headings, commands and lines of a MIME structure. */
export function wordsOf({ words }: Pick<Notice, 'words'>): string {
  const begin = /\b(?:failed|reasons?|list of recipients):[ \t]{0,20}\n/i.exec(words.slice(0, 3 * maxSaid))
  return words
    .slice(begin ? begin.index + begin[0].length : 0)
    .slice(0, 3 * maxSaid)
    .split('\n')
    .filter(line => !/^\s*(?:--(?! \S)|>>>|This is a (?:MIME|multi-?part)|Content-)/i.test(line))
    .join('\n')
    .trim()
    .slice(0, maxSaid)
}

/** Of the only recipient all is said: words apart from the address are about it too, before it or behind it. */
function allWordsAbout({ address, said }: NamedRecipient, notice: Notice): string {
  if (tells(said)) return said
  const { words } = notice
  const at = address === null ? -1 : words.indexOf(address)
  if (at === -1) return said === '' ? wordsOf(notice) : said
  const behind = words
    .slice(at + (address?.length ?? 0))
    .replace(/^[>"':)\]\s]{1,200}/, '')
    .slice(0, maxSaid)
  if (tells(behind)) return behind
  const front = words.slice(Math.max(0, at - maxSaid), at)
  if (tells(front)) return paragraphsThatTell(front)
  if (said === '') return behind === '' || isFooter(behind) ? wordsOf(notice) : behind
  if (said.length >= enough || plain(behind).includes(plain(said))) return said
  const own = address === null ? -1 : said.indexOf(address)
  // Words that hold the address go on behind it.
  const head = own === -1 ? said : said.slice(0, own + (address?.length ?? 0))
  return `${head}\n${behind.slice(0, 2 * enough)}`.trim()
}

function plain(text: string): string {
  return text.replace(/[\s"']{1,200}/g, ' ').trim()
}

function paragraphsThatTell(text: string): string {
  return text
    .split(/\n[ \t]{0,80}\n/)
    .filter(tells)
    .join('\n')
    .trim()
}

/** Says whether words quote a reply or a status. */
export function tells(text: string): boolean {
  return replyCodeIn(text) !== null || statusIn(text) !== null
}
