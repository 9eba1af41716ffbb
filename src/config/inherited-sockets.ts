/**
 * Sockets that the service manager has opened for us (sd_listen_fds(3)): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, descriptors from 3 on.
 *
 * A socket named `relay` or `bounce` (FileDescriptorName=) is the next of that key's listeners; all others stand, in their order, for those of
 * relay.listen and then of bounce.listen. Listeners that get none are opened as configured.
 * Pure.
 */
import type { Config } from './schema.ts'

/** For each entry of `listen`, in its order, the descriptor of a listening socket; absent: to be opened. */
export type InheritedSockets = { readonly relay: readonly (number | undefined)[]; readonly bounce: readonly (number | undefined)[] }

export type InheritedReading = { readonly ok: true; readonly sockets: InheritedSockets } | { readonly ok: false; readonly why: string }

type Listeners = { readonly relay: Pick<Config['relay'], 'listen'>; readonly bounce: Pick<Config['bounce'], 'listen'> }

/** 0 to 2 are the standard streams. */
const firstDescriptor = 3

/** Reads the environment for the process `pid`; what is meant for another process is nothing to us. */
export function parseInheritedSockets(env: Readonly<Record<string, string | undefined>>, pid: number, config: Listeners): InheritedReading {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = env
  const sockets = { relay: [] as (number | undefined)[], bounce: [] as (number | undefined)[] }
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return { ok: true, sockets }
  if (!/^\d{1,4}$/.test(LISTEN_FDS)) return { ok: false, why: `LISTEN_FDS: must be a number of sockets, not ${LISTEN_FDS}` }
  const names = LISTEN_FDNAMES.split(':')
  const unnamed: number[] = []
  for (let index = 0; index < Number(LISTEN_FDS); index++) {
    const name = names[index]
    if (name === 'relay' || name === 'bounce') sockets[name].push(firstDescriptor + index)
    else unnamed.push(firstDescriptor + index)
  }
  for (const key of ['relay', 'bounce'] as const) {
    const wanted = config[key].listen.length
    if (sockets[key].length > wanted)
      return { ok: false, why: `${sockets[key].length} sockets named ${key} were passed, but ${key}.listen has ${wanted}` }
    while (sockets[key].length < wanted) sockets[key].push(unnamed.shift())
  }
  if (unnamed.length > 0) return { ok: false, why: `${LISTEN_FDS} sockets were passed, more than relay.listen and bounce.listen have` }
  return { ok: true, sockets }
}
