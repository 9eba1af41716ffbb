/**
 * Our own log-in, for `relay.users`: AUTH PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login), inside AUTH of RFC 4954 §4.
 *
 * Passwords are compared elsewhere: the exchange ends in a `verify` effect. Nothing of it is ever logged.
 * Pure.
 */
import type { AuthCommand } from './command.ts'
import type { Draft, LoginResult } from './dialogue.ts'
import { ourReplies } from './our-replies.ts'
import type { SpokenReply } from './reply.ts'
import { answered, ownAnswer } from './slots.ts'

export const ownMechanisms: readonly string[] = ['PLAIN', 'LOGIN']

/** Begins the exchange, with the initial response where there is one. */
export function startLogin(draft: Draft, { mechanism, initial }: AuthCommand): void {
  draft.login = { mechanism, user: null }
  if (initial !== null) return takeLoginLine(draft, initial === '=' ? '' : initial)
  challenge(draft, mechanism === 'PLAIN' ? ourReplies.authGoOn : ourReplies.authUserName)
}

/** Takes the CRM's next line of the exchange. */
export function takeLoginLine(draft: Draft, line: string): void {
  const { login } = draft
  if (line === '*' || login === null) return finish(draft, ourReplies.authCancelled)
  const text = decodeBase64(line)
  if (text === null) return finish(draft, ourReplies.authMalformed)
  if (login.mechanism === 'PLAIN') {
    const [authorize, user, password, ...more] = text.split('\0')
    if (user === undefined || password === undefined || more.length > 0) return finish(draft, ourReplies.authMalformed)
    if (authorize !== '' && authorize !== user) return finish(draft, ourReplies.authFailed)
    return verify(draft, user, password)
  }
  if (login.user !== null) return verify(draft, login.user, text)
  draft.login = { ...login, user: text }
  challenge(draft, ourReplies.authPassword)
}

const loginReplies: Readonly<Record<LoginResult, SpokenReply>> = {
  right: ourReplies.authDone,
  wrong: ourReplies.authFailed,
  unchecked: ourReplies.authUnchecked,
}

/** The password was checked, or could not be. */
export function finishLogin(draft: Draft, result: LoginResult): void {
  const index = draft.slots.findIndex(slot => slot.at === 'checking')
  const slot = draft.slots[index]
  if (!slot) return
  draft.authenticated = result === 'right'
  if (result === 'wrong') draft.errors++
  draft.input = 'command'
  draft.slots[index] = answered(slot, ownAnswer(loginReplies[result]))
}

function challenge(draft: Draft, spoken: SpokenReply): void {
  say(draft, spoken)
  draft.input = 'own-auth'
}

function finish(draft: Draft, spoken: SpokenReply): void {
  draft.login = null
  draft.input = 'command'
  draft.errors++
  say(draft, spoken)
}

function verify(draft: Draft, user: string, password: string): void {
  draft.login = null
  draft.input = 'wait'
  draft.slots.push({ at: 'checking', number: draft.nextNumber++, subject: { verb: 'none' } })
  draft.effects.push({ type: 'verify', user, password })
}

function say(draft: Draft, spoken: SpokenReply): void {
  draft.slots.push({ at: 'answered', number: draft.nextNumber++, subject: { verb: 'none' }, answer: ownAnswer(spoken) })
}

function decodeBase64(text: string): string | null {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64').toString('utf8') : null
}
