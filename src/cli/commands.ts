/**
 * Every command, by name. A command's code is loaded when it runs, so that `rebond --help` is quick and `classify` opens no store.
 */
import type { Command } from './run-command.ts'
import { version } from './version.ts'

export const commands: readonly Command[] = [
  {
    name: 'serve',
    summary: 'run the relay, the bounce listener and the HTTP API',
    run: async (args, io) => (await import('./serve.ts')).runServe(args, io),
  },
  {
    name: 'check-config',
    summary: 'say everything that is wrong with a configuration file',
    run: async (args, io) => (await import('./check-config.ts')).runCheckConfig(args, io),
  },
  {
    name: 'address',
    summary: 'show, block or unblock an address on the running server',
    run: async (args, io) => (await import('./address.ts')).runAddress(args, io),
  },
  {
    name: 'classify',
    summary: 'say what returned mails are, for whom, and why',
    run: async (args, io) => (await import('./classify.ts')).runClassify(args, io),
  },
  {
    name: 'classify-reply',
    summary: 'say what SMTP replies mean, one a line',
    run: async (args, io) => (await import('./classify-reply.ts')).runClassifyReply(args, io),
  },
  {
    name: 'token',
    summary: 'make a token for the HTTP API',
    run: async (args, io) => (await import('./token.ts')).runToken(args, io),
  },
  {
    name: '--version',
    summary: 'print the version',
    run: async (_args, io) => {
      io.stdout.write(`rebond ${version}\n`)
      return 0
    },
  },
]
