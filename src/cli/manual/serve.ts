/** The manual of `rebond serve`. Pure. */
import type { Manual } from './manual.ts'

export const serveManual = {
  name: 'serve',
  summary: 'run the relay, the bounce listener and the HTTP API',
  synopsis: ['serve --config FILE'],
  description: [
    'Runs the relay, the bounce listener and the HTTP API. Standard output says where it listens, then "ready"; JSON log lines go to standard error.',
    'Signals: SIGTERM and SIGINT stop it; transactions in flight may finish (relay.timeouts.stopSeconds); a second one ends it at once. SIGHUP reads certificates, webhook secrets, HTTP tokens, the rule file and the log level again.',
    'Sockets given by systemd (LISTEN_FDS) are taken for relay.listen and bounce.listen, by name or in their order.',
  ],
  options: { config: { type: 'string', short: 'c', value: 'FILE', says: 'the configuration (YAML)' } },
  examples: [
    ['see it work, without a mail server', 'rebond serve --config config/default.yaml'],
    ['keep the log', 'rebond serve --config rebond.yaml 2>> rebond.log'],
  ],
  exit: { 0: 'stopped by a signal', 1: 'something is in the way; a sentence says what', 2: 'wrong usage' },
} as const satisfies Manual
