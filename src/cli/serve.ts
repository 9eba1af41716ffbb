/**
 * `rebond serve --config FILE`: the program. Standard output says where it listens and when it is ready; the log goes to standard error.
 *
 * SIGTERM and SIGINT stop it: no new sessions, transactions in flight may finish, then the store is closed. A second signal ends it at once.
 * SIGHUP reads certificates, webhook secrets, HTTP tokens, the rule file and the log level again. Sockets that the service manager opened (LISTEN_FDS) are taken over.
 */
import { createApp } from '../app.ts'
import { classifyReply } from '../classify/classify-reply.ts'
import { formatProblem } from '../config/config.ts'
import { parseInheritedSockets } from '../config/inherited-sockets.ts'
import { createLog } from '../observe/log.ts'
import { checkFiles } from './check-files.ts'
import { holdHeap } from './heap.ts'
import { type LoadedConfig, loadConfig } from './load-config.ts'
import { serveManual } from './manual/serve.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import { type CommandIo, sentence } from './run-command.ts'
import { createSystemdNotifier } from './systemd-notifier.ts'
import { version } from './version.ts'

/** Runs the program until a signal stops it. */
export async function runServe(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(serveManual, args, io)
  if (!read.ok) return read.status
  const { config: file } = read.values
  if (file === undefined) return refuseUsage(serveManual, '--config FILE must be given', io)
  const loaded = await loadWithFiles(file)
  if (!loaded.ok) {
    for (const problem of loaded.problems) io.stderr.write(`${problem}\n`)
    return 1
  }
  const inherited = parseInheritedSockets(io.env, process.pid, loaded.config)
  if (!inherited.ok) {
    io.stderr.write(`rebond: ${inherited.why}\n`)
    return 1
  }
  // The store's own files are made by LevelDB with the process's mask: nobody else reads them.
  process.umask(0o077)
  holdHeap()
  const log = createLog(loaded.config.log.level)
  for (const warning of loaded.warnings) log.warn(warning)
  const systemd = createSystemdNotifier(io.env, log)
  const app = createApp(loaded.config, { log, version, now: Date.now, rules: loaded.rules, inherited: inherited.sockets })
  // Signals count from here on: one that comes while the store opens must not leave half a server behind.
  const stopped = nextSignal(['SIGTERM', 'SIGINT'])
  try {
    // Compiles the rule tables: a tenth of a second that no session has to wait for.
    classifyReply('', { rules: loaded.rules })
    const { relay, bounce, http } = await app.start()
    for (const at of relay) io.stdout.write(`listening relay ${formatAddress(at)}\n`)
    for (const at of bounce) io.stdout.write(`listening bounce ${formatAddress(at)}\n`)
    io.stdout.write(`listening http ${formatAddress(http)}\nready\n`)
    systemd.ready()
  } catch (err) {
    io.stderr.write(`rebond: ${inTheWay(err, file)}\n`)
    await app.stop()
    return 1
  }
  const onHangup = () => void reload(file, app, log)
  process.on('SIGHUP', onHangup)
  const signal = await stopped
  systemd.stopping()
  log.info({ signal }, 'stopping')
  const again = nextSignal(['SIGTERM', 'SIGINT']).then(() => log.warn('stopped at once by a second signal'))
  await Promise.race([app.stop(), again])
  process.off('SIGHUP', onHangup)
  log.info('stopped')
  return 0
}

/** The configuration, with certificates, keys and secrets that are what they must be. */
async function loadWithFiles(file: string): Promise<LoadedConfig> {
  const loaded = await loadConfig(file)
  if (!loaded.ok) return loaded
  const problems = (await checkFiles(loaded.config)).map(problem => formatProblem(file, problem))
  return problems.length === 0 ? loaded : { ok: false, problems }
}

async function reload(file: string, app: ReturnType<typeof createApp>, log: ReturnType<typeof createLog>): Promise<void> {
  const loaded = await loadWithFiles(file)
  if (!loaded.ok) {
    log.error({ problems: loaded.problems }, 'reload refused: the configuration has problems; what ran goes on')
    return
  }
  try {
    const { tokens } = loaded.config.http
    await app.reload({ rules: loaded.rules, tokens })
    log.level = loaded.config.log.level
    const names = tokens.map(({ name }) => name)
    log.info(
      { ruleSetVersion: loaded.rules.version, tokens: names },
      'reloaded certificates, webhook secrets, HTTP tokens, rules and log level',
    )
  } catch (err) {
    log.error({ err }, 'reload failed; what ran goes on')
  }
}

/** What keeps the program from starting, as an operator reads it. */
function inTheWay(err: unknown, file: string): string {
  const { code, address, port } = systemError(err)
  const at = formatAddress({ host: address ?? '', port: port ?? 0 })
  switch (code) {
    case 'EADDRINUSE':
      return `${at} is in use by another program: stop it, or choose another port in ${file}`
    case 'EACCES':
      if (port !== undefined)
        return `${at} may not be opened: a port below 1024 needs the right to (systemd: CAP_NET_BIND_SERVICE), or choose another in ${file}`
      return sentence(err)
    case 'EADDRNOTAVAIL':
      return `${at} is no address of this machine: correct the host in ${file}`
    default:
      return sentence(err)
  }
}

/** The system's own error, which a room may have wrapped in a sentence. */
function systemError(err: unknown): NodeJS.ErrnoException & { readonly address?: string; readonly port?: number } {
  const wrapped = err instanceof Error && err.cause instanceof Error && 'syscall' in err.cause
  return (wrapped ? err.cause : err) as NodeJS.ErrnoException
}

function nextSignal(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    for (const signal of signals) process.once(signal, () => resolve(signal))
  })
}

function formatAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
