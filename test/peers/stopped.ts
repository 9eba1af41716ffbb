/**
 * Ending a server that a test started.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Sends a signal and waits for the end. */
export async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
