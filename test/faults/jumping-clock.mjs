/**
 * Loaded into the program before its own code (`--import`): its clock is off by as many milliseconds as the file REBOND_TEST_CLOCK says.
 *
 * What jumps is what an administrator's `date` makes jump: `Date`. Timers and `performance.now()` go on, as the kernel's monotonic clock does.
 */
import { readFileSync } from 'node:fs'

const file = process.env.REBOND_TEST_CLOCK
const now = Date.now
let offsetMs = 0

function read() {
  try {
    offsetMs = Number(readFileSync(file, 'utf8'))
  } catch {
    // No descriptor is free, or the file is not there yet: the clock stays as it was.
  }
}

Date.now = () => now() + offsetMs
globalThis.Date = new Proxy(Date, {
  construct: (date, args, target) => Reflect.construct(date, args.length === 0 ? [date.now()] : args, target),
})
if (file) {
  read()
  setInterval(read, 20).unref()
}
