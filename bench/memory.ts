/**
 * What sessions cost in memory, with the bounds that must hold: a large message to a slow upstream, idle sessions, messages half-way sent.
 *
 * Run: npm run build, then node --import ./test/support/typescript.mjs bench/memory.ts. Ends with 1 when a bound does not hold.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { hold, load, startSink } from './loader.ts'
import { residentMb } from './processes.ts'
import { startRebond } from './rebond.ts'

const blacklisted = 100_000
let missed = false

function report(what: string, megabytes: number, bound: number): void {
  const holds = megabytes <= bound
  missed ||= !holds
  process.stdout.write(`| ${what} | ${megabytes.toFixed(0)} MB | ${bound} MB | ${holds ? 'holds' : 'MISSED'} |\n`)
}

/** The most of a process's memory while `work` is under way. */
async function peakOf(pid: number, work: Promise<unknown>): Promise<number> {
  let over = false
  const ended = work.finally(() => {
    over = true
  })
  let most = 0
  while (!over) {
    most = Math.max(most, residentMb(pid))
    await sleep(100)
  }
  await ended
  return most
}

process.stdout.write('| what | resident | bound | |\n|---|---|---|---|\n')

// The slow upstream reads 10 MB a second; the client ends the run after its first message.
const slow = await startSink(10)
const first = await startRebond(slow.port, blacklisted)
const atRest = residentMb(first.pid)
const peak = await peakOf(first.pid, load(first.port, { sessions: 1, octets: 100e6 }, 0.5))
report(`one message of 100 MB to a slow upstream: growth from ${atRest.toFixed(0)} MB`, peak - atRest, 40)
await first.stop()

const idling = await startRebond(slow.port, blacklisted)
const endIdle = await hold(idling.port, 1000, null)
await sleep(2000)
report('1,000 idle sessions', residentMb(idling.pid), 110)
endIdle()
await idling.stop()

const holding = await startRebond(slow.port, blacklisted)
const endHold = await hold(holding.port, 500, 5e6)
report('500 sessions half-way through 5 MB to a slow upstream', await peakOf(holding.pid, sleep(10_000)), 140)
endHold()
await holding.stop()
await slow.stop()
process.exit(missed ? 1 : 0)
