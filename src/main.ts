#!/usr/bin/env node
/**
 * The command `rebond`: finds the command named by the first argument and runs it. The only place that ends the process.
 *
 * Exit: 0 done, 1 refused or failed, 2 wrong usage.
 */
import { commands } from './cli/commands.ts'
import { runCommand } from './cli/run-command.ts'

const { stdin, stdout, stderr, env } = process
const args = process.argv.slice(2)

// Whoever reads from us may stop reading (`rebond export | head`): that is no error of ours, and no reason for a server to stop.
const outlivesReaders = commands.find(({ manual }) => manual.name === args[0])?.outlivesReaders ?? false
for (const stream of [stdout, stderr]) {
  stream.on('error', (err: NodeJS.ErrnoException) => {
    if (!outlivesReaders) process.exit(err.code === 'EPIPE' ? 0 : 1)
  })
}

const status = await runCommand(commands, args, { stdin, stdout, stderr, env })
// Sockets or a worker that a command left open must not keep it from ending; what was written goes out first.
stdout.write('', () => process.exit(status))
