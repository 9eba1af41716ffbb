/**
 * `rebond doctor --config FILE`: looks at everything around rebond that a person gets wrong, and says how to mend it.
 *
 * It changes nothing and sends no mail, unless --round-trip asks the running server for a canary.
 */
import { hostname as machineName } from 'node:os'
import { formatProblem } from '../config/config.ts'
import { openApi } from './api-client.ts'
import { checkFiles } from './check-files.ts'
import { checkMachine } from './doctor/check-machine.ts'
import { checkAlignment, checkBounceDomains, type NameChecks, readGreeting } from './doctor/check-names.ts'
import { checkRoundTrip, checkServer, fromDomains } from './doctor/check-server.ts'
import { checkUpstream } from './doctor/check-upstream.ts'
import { type Finding, findingsOf } from './doctor/finding.ts'
import { createNames } from './doctor/names.ts'
import { loadConfig } from './load-config.ts'
import { doctorManual } from './manual/doctor.ts'
import { printable } from './printable.ts'
import { readArguments, refuseUsage } from './read-arguments.ts'
import type { CommandIo } from './run-command.ts'
import { styleOf } from './style.ts'

const defaultWaitSeconds = 60

/** Runs the command; `asked` is DNS and the network, for tests. */
export async function runDoctor(
  args: readonly string[],
  io: CommandIo,
  asked: Partial<Omit<NameChecks, 'hostname'>> = {},
): Promise<number> {
  const read = readArguments(doctorManual, args, io)
  if (!read.ok) return read.status
  const { values } = read
  const file = values.config
  if (file === undefined) return refuseUsage(doctorManual, '--config FILE must be given', io)
  const waitSeconds = Number(values.wait ?? defaultWaitSeconds)
  if (!(waitSeconds > 0 && waitSeconds <= 86_400)) return refuseUsage(doctorManual, `--wait must be seconds, not ${values.wait}`, io)
  const loaded = await loadConfig(file)
  if (!loaded.ok) {
    for (const problem of loaded.problems) io.stderr.write(`${problem}\n`)
    return 1
  }
  const { config } = loaded
  const hostname = config.hostname ?? machineName()
  const checks: NameChecks = { names: createNames(), greetingOf: readGreeting, ...asked, hostname }

  const findings: Finding[] = []
  const show = printer(io, values.json ?? false)
  const look = async (check: string, found: Promise<readonly Finding[]>) => {
    const all = await found.catch(err => [findingsOf(check).unknown(`could not be looked at: ${(err as Error).message}`)])
    for (const finding of all) show(finding)
    findings.push(...all)
  }

  await look('files', files(file, config))
  await look('machine', checkMachine(config))
  await look('upstream', checkUpstream(config, hostname))
  await look('dns', checkBounceDomains(config, checks))
  const opened = await openApi(values, io.env)
  const api = opened.ok ? opened.api : null
  await look('server', api ? checkServer(api) : Promise.resolve([findingsOf('server').unknown(opened.ok ? '' : opened.why)]))
  if (config.upstream.host !== null) {
    await look('dns.dmarc', (async () => checkAlignment(config, api ? await fromDomains(api) : [], checks.names))())
  }
  if (values['round-trip'] && api)
    await look(
      'round-trip',
      checkRoundTrip(api, waitSeconds * 1000).then(one => [one]),
    )

  const problems = findings.filter(({ state }) => state === 'problem').length
  const warnings = findings.filter(({ state }) => state === 'warning').length
  if (values.json) io.stdout.write(`${JSON.stringify({ ok: problems === 0, findings })}\n`)
  else io.stdout.write(`\n${problems} ${problems === 1 ? 'problem' : 'problems'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}\n`)
  return problems === 0 ? 0 : 1
}

async function files(file: string, config: Parameters<typeof checkFiles>[0]): Promise<Finding[]> {
  const found = findingsOf('files')
  const problems = await checkFiles(config)
  if (problems.length === 0) return [found.ok(`${file} and the files it names are right`)]
  return problems.map(one => {
    const said = formatProblem(file, one)
    return one.onlyInService
      ? found.unknown(said, 'only the running service sees it (systemd)')
      : found.problem(said, 'mend it: nothing starts before')
  })
}

/** Prints findings as they are found; nothing with --json. */
function printer({ stdout, env }: CommandIo, json: boolean): (finding: Finding) => void {
  const { green, yellow, red, dim, bold } = styleOf(stdout, env)
  const marks = { ok: green('ok'), warning: yellow('warning'), problem: red('problem'), unknown: dim('unknown') }
  return ({ check, state, said, fix }) => {
    if (json) return
    stdout.write(`${marks[state]}${' '.repeat(9 - state.length)}${bold(check)}: ${printable(said)}\n`)
    if (fix !== null) stdout.write(`         → ${fix}\n`)
  }
}
