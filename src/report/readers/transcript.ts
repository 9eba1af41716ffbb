/**
 * Transcripts of sendmail and of what copies it: a list of addresses under a heading, each with a `(reason: …)`, then the session as it went
 * (`>>> RCPT To:<…>`, `<<< 550 …`, `550 5.1.1 <…>... User unknown`).
 *
 * Pure.
 */
import { saysLittle } from '../diagnostic.ts'
import type { Notice } from '../notice.ts'
import { addressesIn } from '../text-address.ts'
import { completeLocal } from './local-names.ts'
import type { NamedRecipient, Reader } from './reader.ts'

const anyHeading = /^[\s>]{0,20}-{2,}\s{0,8}\S/
const heading =
  /^[\s>-]{0,80}-{2,}\s{0,8}(?:the following address(?:es)?|transcript of session|recipients of this delivery|session transcript|failed recipients|message not delivered)/i
const list = /address(?:es)? (?:had|have|has)|failed recipients|recipients of this delivery|not delivered to/i
const reason = /^\s{0,40}\(reason:\s{0,8}(\S.{0,900})/i
const expandedFrom = /^\s{0,40}\(expanded from:\s{0,8}(\S.{0,400})/i
const talkingTo = /while talking to (\S{1,255})/i
const local = /^\s{0,40}<?([A-Za-z0-9][\w.+-]{0,63})>?\s{0,40}$/
const quotedReply = /^\s{0,20}<<<\s/
const refused = /^[45]\d\d\b/
const maxNamed = 500
const maxLoose = 20

type Entry = {
  readonly address: string
  originalAddress: string | null
  readonly said: string[]
  readonly session: string[]
  /** Its session quotes the reply to its RCPT. */
  replied: boolean
}
type State = {
  readonly named: Map<string, Entry>
  readonly loose: string[]
  current: Entry | null
  host: string
  /** Refusals of this host that name nobody: of HELO, MAIL or the letter. */
  refusals: string[]
  /** They were taken for a recipient: a further refusal is another's. */
  summedUp: boolean
}

export const transcript: Reader = {
  name: 'sendmail transcript',
  read(notice) {
    const state: State = { named: new Map(), loose: [], current: null, host: '', refusals: [], summedUp: false }
    let section: 'none' | 'list' | 'session' = 'none'
    for (const line of notice.lines) {
      if (anyHeading.test(line)) {
        section = heading.test(line) ? (list.test(line) ? 'list' : 'session') : 'none'
        state.current = null
      } else if (section === 'list') readListed(line, state, notice)
      else if (section === 'session') readSession(line, state, notice)
    }
    return [...state.named.values()].map(({ address, originalAddress, said, session }): NamedRecipient => {
      // The session quotes the reply in full where the reason cuts it; lines about nobody belong to all.
      const own = session.join(' ').replace(/while talking to \S{1,255} /g, '')
      const more = saysLittle(own) ? [...session, ...state.loose] : session
      return { address, originalAddress, said: [...said, ...more].join('\n'), action: null }
    })
  },
}

function entryOf(state: State, address: string): Entry {
  const known = state.named.get(address.toLowerCase())
  if (known) return known
  const entry: Entry = { address, originalAddress: null, said: [], session: [], replied: false }
  if (state.named.size < maxNamed) state.named.set(address.toLowerCase(), entry)
  return entry
}

function readListed(line: string, state: State, notice: Notice): void {
  const said = reason.exec(line)?.[1]
  const from = expandedFrom.exec(line)?.[1]
  const { current } = state
  if (said !== undefined || from !== undefined) {
    if (current && said !== undefined) current.said.push(said.trimEnd().replace(/\)$/, ''))
    if (current && from !== undefined) current.originalAddress ??= addressesIn(from)[0]?.address ?? null
    return
  }
  const [found] = addressesIn(line)
  if (found && /^[\s<"'>*•-]*$/.test(line.slice(0, found.start))) {
    state.current = entryOf(state, found.address)
    const rest = line.slice(found.end).replace(/^[>"'\s,:;.-]{1,40}/, '')
    if (rest !== '' && !/^<\S+>$/.test(rest)) state.current.said.push(rest.replace(/^[([]|[)\]]$/g, ''))
    return
  }
  const name = current === null ? local.exec(line)?.[1] : undefined
  if (name !== undefined) state.current = entryOf(state, completeLocal(name, notice))
  else if (current && line.trim() !== '') current.said.push(line.trim())
}

function readSession(line: string, state: State, { parties }: Notice): void {
  const text = line.trim().replace(/^<<<\s{0,8}/, '')
  const talking = talkingTo.exec(line)?.[1]
  const [found] = addressesIn(line)
  if (talking !== undefined) {
    state.host = `while talking to ${talking.replace(/[.:]{1,4}$/, '')}: `
    state.current = null
    state.refusals = []
  } else if (text.startsWith('>>>')) {
    state.current = /^>>>\s{0,8}RCPT to:/i.test(text) && found ? entryOf(state, found.address) : null
  } else if (text !== '') {
    const quoted = quotedReply.test(line)
    const names = found && /\.\.\. |^[245]\d\d/.test(text) && !parties.has(found.address.toLowerCase())
    const entry = names ? entryOf(state, found.address) : state.current
    if (quoted && entry) entry.replied = true
    else if (quoted && refused.test(text)) {
      if (state.summedUp) state.refusals = []
      state.summedUp = false
      state.refusals.push(`${state.host}${text}`)
    } else if (entry && !entry.replied && state.refusals.length > 0) {
      // sendmail sums up what the host said before: "Host unknown" below a refusal of MAIL is its own guess.
      entry.session.push(...state.refusals.slice(0, maxLoose))
      entry.replied = true
      state.summedUp = true
      return
    }
    const target = entry?.session ?? state.loose
    if (target.length < maxLoose) target.push(`${target.length === 0 ? state.host : ''}${text}`)
  }
}
