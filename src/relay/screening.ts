/**
 * Looking up the recipients of one batch: blacklisted ones get the worded refusal, and trouble of the store is nobody's fault.
 */
import type { Log } from '../observe/log.ts'
import type { AddressKey } from '../smtp/path.ts'
import { type Reply, type SpokenReply, speak } from '../smtp/reply.ts'
import type { Block } from '../store/address-record.ts'

export type Asked = { readonly number: number; readonly key: AddressKey; readonly address: string }

/** null: not blacklisted. */
type Screened = { readonly block: Block; readonly spoken: SpokenReply } | null | 'unavailable'

export type ScreeningDeps = {
  readonly screen: (keys: readonly AddressKey[]) => readonly (Block | null)[] | Promise<readonly (Block | null)[]>
  readonly refuse: (block: Block, address: string) => Reply
  /** `pass`: recipients go on unscreened while the store is unavailable. */
  readonly whenUnavailable: 'defer' | 'pass'
  readonly log: Log
}

export type ScreeningOwner = {
  /** Performs `event` as one turn of the session. */
  turn(event: () => void): void
  screened(number: number, found: SpokenReply | null | 'unavailable'): void
}

/** The lookups of one session. */
export class Screening {
  /** Blocks that refused recipients since `forget`. */
  readonly blocks = new Map<AddressKey, Block>()
  readonly #deps: ScreeningDeps
  readonly #session: string
  readonly #owner: ScreeningOwner
  #asked: Asked[] = []

  constructor(deps: ScreeningDeps, session: string, owner: ScreeningOwner) {
    this.#deps = deps
    this.#session = session
    this.#owner = owner
  }

  /** Adds a recipient to the batch. */
  ask(asked: Asked): void {
    this.#asked.push(asked)
  }

  /** Looks up the batch; tells in the same tick where the store can. */
  run(): void {
    if (this.#asked.length === 0) return
    const asked = this.#asked
    this.#asked = []
    const found = screenRecipients(asked, this.#deps, this.#session)
    if (found instanceof Promise) void found.then(late => this.#owner.turn(() => this.#tell(asked, late)))
    else this.#tell(asked, found)
  }

  get pending(): boolean {
    return this.#asked.length > 0
  }

  forget(): void {
    if (this.blocks.size > 0) this.blocks.clear()
  }

  #tell(asked: readonly Asked[], found: readonly Screened[]): void {
    for (const [index, { number, key }] of asked.entries()) {
      const one = found[index] ?? null
      if (one === null || one === 'unavailable') this.#owner.screened(number, one)
      else {
        this.blocks.set(key, one.block)
        this.#owner.screened(number, one.spoken)
      }
    }
  }
}

/** Looks up a batch in one question; answers in the same tick where the store can, in the order asked. Never throws, never rejects. */
function screenRecipients(
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
