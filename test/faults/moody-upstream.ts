/**
 * An upstream in moods: it resets, stalls, answers late, refuses, and dies behind its decision to keep a mail; what it kept is in the ledger.
 */
import type { Test } from 'tap'
import { type ScriptedUpstream, scriptedUpstream, type UpstreamSession } from '../support/scripted-upstream.ts'
import type { Chance } from '../support/seeded.ts'
import type { Ledger } from './ledger.ts'

export type MoodyUpstream = ScriptedUpstream & {
  /** How often something goes wrong with a command. */
  trouble: number
}

/** Later than rebond waits for the reply to a final dot (house.ts). */
const tooLateMs = 1500
const lateMs = 200

export async function moodyUpstream(t: Test, ledger: Ledger, chance: Chance): Promise<MoodyUpstream> {
  /** Sessions that say nothing more: what they get is not taken. */
  const mute = new WeakSet<UpstreamSession>()
  const recipients = new WeakMap<UpstreamSession, string[]>()

  const answer = (line: string, session: UpstreamSession): string | null | undefined => {
    if (mute.has(session)) return null
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'MAIL') recipients.set(session, [])
    const forward = envelopeOf(session) === ''
    if (chance.happens(upstream.trouble)) {
      const trouble = chance.pick(line === '.' ? atDot : atCommand)
      if (trouble === 'reset' || trouble === 'stall') return fall(session, trouble)
      if (trouble === 'refuse' && verb === 'RCPT' && !forward && chance.happens(0.3)) return '550 5.1.1 User unknown'
      if (trouble === 'refuse' && verb !== 'EHLO')
        return line === '.' && !forward && chance.happens(0.5) ? '554 5.6.0 no' : '451 4.3.0 later'
      if (line === '.') {
        keep(session)
        if (trouble === 'die') return fall(session, 'reset')
        const reply = () => session.socket.writable && session.socket.write('250 2.0.0 Ok: queued late\r\n')
        setTimeout(reply, trouble === 'late' ? lateMs : tooLateMs).unref()
        return null
      }
    }
    if (verb === 'RCPT') recipients.get(session)?.push(/<(.*?)>/.exec(line)?.[1] ?? '')
    if (line === '.') keep(session)
    return undefined
  }

  function fall(session: UpstreamSession, how: 'reset' | 'stall'): null {
    mute.add(session)
    if (how === 'reset') session.socket.resetAndDestroy()
    return null
  }

  function keep(session: UpstreamSession): void {
    const wire = session.messages.at(-1) ?? ''
    if (envelopeOf(session) === '') {
      ledger.forwarded.push(wire)
      return
    }
    const number = Number(/^Subject: mail (\d+)\r\n/.exec(wire)?.[1])
    const kept = { number, wire, returnPath: envelopeOf(session), recipients: recipients.get(session) ?? [] }
    ledger.kept.set(number, [...(ledger.kept.get(number) ?? []), kept])
  }

  const upstream: MoodyUpstream = { ...(await scriptedUpstream(t, { answer })), trouble: 0 }
  return upstream
}

const atDot = ['reset', 'stall', 'refuse', 'die', 'late', 'too late'] as const
const atCommand = ['reset', 'stall', 'refuse', 'refuse'] as const

function envelopeOf({ lines }: UpstreamSession): string {
  return /<(.*?)>/.exec(lines.findLast(line => /^MAIL /i.test(line)) ?? '')?.[1] ?? ''
}
