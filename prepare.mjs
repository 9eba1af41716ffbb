/**
 * Installs and builds when something changed, else returns at once: `npm start` and `npm test` on a fresh clone need nothing before them.
 *
 * Installed: node_modules/.package-lock.json (written last by npm) is not older than package-lock.json.
 * Built: dist/.tsbuildinfo is not older than any file in src/. tsc writes it after a failed build too, so a failed one takes it away.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))

const mtime = path => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0

function run(what, command, args, undo = () => {}) {
  process.stderr.write(`rebond: ${what}\n`)
  // Standard output is kept for the program: what npm and tsc print goes to standard error.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (error) process.stderr.write(`rebond: ${command}: ${error.message}\n`)
  if (status === 0) return
  undo()
  process.exit(status ?? 1)
}

const installed = 'node_modules/.package-lock.json'
if (mtime(installed) < mtime('package-lock.json')) {
  run('installing the packages of package-lock.json (first start only)', 'npm', [
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--no-fund',
    '--no-audit',
  ])
  utimesSync(join(root, installed), new Date(), new Date())
}

const sources = readdirSync(join(root, 'src'), { recursive: true }).map(name => join('src', name))
const newest = Math.max(mtime('package-lock.json'), mtime('tsconfig.json'), ...sources.map(mtime))
const stamp = 'dist/.tsbuildinfo'
if (mtime(stamp) < newest) {
  const tsc = [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'src']
  run('building src/ into dist/', process.execPath, tsc, () => rmSync(join(root, stamp), { force: true }))
  utimesSync(join(root, stamp), new Date(), new Date())
}
