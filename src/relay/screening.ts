/**
 * Looking up the recipients of one batch: blacklisted ones get the worded refusal, and trouble of the store is nobody's fault.
 */
import type { Log } from '../observe/log.ts'
import type { AddressKey } from '../smtp/path.ts'
import { type Reply, type SpokenReply, speak } from '../smtp/reply.ts'
import type { Block } from '../store/records.ts'

export type Asked = { readonly number: number; readonly key: AddressKey; readonly address: string }

/** null: not blacklisted. */
export type Screened = { readonly block: Block; readonly spoken: SpokenReply } | null | 'unavailable'

export type ScreeningDeps = {
  readonly screen: (keys: readonly AddressKey[]) => readonly (Block | null)[] | Promise<readonly (Block | null)[]>
  readonly refuse: (block: Block, address: string) => Reply
  /** `pass`: recipients go on unscreened while the store is unavailable. */
  readonly whenUnavailable: 'defer' | 'pass'
  readonly log: Log
}

/** Looks up a batch in one question; answers in the same tick where the store can, in the order asked. Never throws, never rejects. */
export function screenRecipients(
  asked: readonly Asked[],
  deps: ScreeningDeps,
  session: string,
): readonly Screened[] | Promise<readonly Screened[]> {
  const judge = (blocks: readonly (Block | null)[]): readonly Screened[] =>
    asked.map(({ address }, index) => {
      const block = blocks[index] ?? null
      return block === null ? null : { block, spoken: speak(deps.refuse(block, address)) }
    })
  const unavailable = (err: unknown): readonly Screened[] => {
    deps.log.error({ err, session }, 'recipients could not be looked up')
    return asked.map(() => (deps.whenUnavailable === 'pass' ? null : 'unavailable'))
  }
  try {
    const found = deps.screen(asked.map(({ key }) => key))
    return found instanceof Promise ? found.then(judge).catch(unavailable) : judge(found)
  } catch (err) {
    return unavailable(err)
  }
}
