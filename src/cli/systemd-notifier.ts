/**
 * Tells systemd that the program is ready, is stopping, and still turns (sd_notify(3), `Type=notify` and `WatchdogSec=`).
 *
 * Node has no datagram sockets of the Unix kind, so `systemd-notify` sends the words; being another process than the one that systemd
 * started, it needs `NotifyAccess=all`. Outside systemd (no NOTIFY_SOCKET) nothing is done. Trouble is logged once and stops nothing.
 */
import { execFile } from 'node:child_process'
import type { Log } from '../observe/log.ts'

export type SystemdNotifier = {
  /** Says that the listeners are open, and from now on twice per watchdog period that the event loop turns. */
  ready(): void
  /** Says that the program ends because it was told to. */
  stopping(): void
}

/** Makes the notifier for the environment that systemd gave: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. */
export function createSystemdNotifier(env: NodeJS.ProcessEnv, log: Pick<Log, 'warn'>): SystemdNotifier {
  const { NOTIFY_SOCKET, PATH, WATCHDOG_USEC, WATCHDOG_PID } = env
  if (!NOTIFY_SOCKET) return { ready() {}, stopping() {} }
  let warned = false
  let watchdog: NodeJS.Timeout | undefined

  function notify(...assignments: string[]): void {
    execFile('systemd-notify', assignments, { env: { NOTIFY_SOCKET, PATH }, timeout: 10_000 }, err => {
      if (!err || warned) return
      warned = true
      log.warn({ err }, 'systemd was not told our state; with Type=notify it will think that the start failed')
    })
  }

  return {
    ready() {
      notify('READY=1')
      const periodMs = Number(WATCHDOG_USEC ?? 0) / 1000
      const ours = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
      if (periodMs > 0 && ours) watchdog = setInterval(notify, periodMs / 2, 'WATCHDOG=1').unref()
    },
    stopping() {
      clearInterval(watchdog)
      // A last sign of life: to stop takes less than a watchdog period (the unit's TimeoutStopSec).
      notify('STOPPING=1', 'WATCHDOG=1')
    },
  }
}
