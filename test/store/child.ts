/**
 * A second process for tests of the store: opens the store in argv[2], says `open`, and journals mails, blocks and reports without end, a line
 * on standard output for each that was acknowledged. It is killed by the test.
 */
import { createLog } from '../../src/observe/log.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { blockAddress, message, report } from './samples.ts'

const store = await openLevelStore({ path: process.argv[2] ?? '', now: Date.now, log: createLog('silent') })
const say = (line: string) => process.stdout.write(`${line}\n`)
say('open')

async function work(name: string, step: (n: number) => Promise<string>): Promise<void> {
  for (let n = 0; ; n++) say(`${name} ${await step(n)}`)
}

await Promise.all([
  work('message', async () => {
    const { id, seq } = await store.appendMessage(message(), [])
    store.settleMessage(id, { outcome: 'accepted', at: Date.now(), reply: null, upstreamId: id })
    return `${id} ${seq}`
  }),
  work('block', async n => {
    await blockAddress(store, `a${process.pid}-${n}@example.org`)
    return `a${process.pid}-${n}@example.org`
  }),
  work('report', async () => {
    const one = report()
    await store.acceptReport(one, Buffer.alloc(3000, 'x'))
    return one.id
  }),
])
