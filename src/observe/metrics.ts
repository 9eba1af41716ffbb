/**
 * Every metric of rebond, by the names that operators scrape (prom-client). Base units, bounded labels, never an address.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

/** From a tenth of a millisecond (a store on the same disk) to ten minutes (the final dot, RFC 5321 §4.5.3.2.6). */
const upstreamBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600]
const storeBuckets = [0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]

/** The child of a histogram by its one label, looked up once: `observe` with labels sorts and joins them every time (2 µs, four a mail). */
function children<L extends string>(histogram: Histogram<L>): (label: string) => Histogram.Internal<L> {
  const known = new Map<string, Histogram.Internal<L>>()
  return label => {
    const child = known.get(label) ?? histogram.labels(label)
    known.set(label, child)
    return child
  }
}

/** Makes a fresh set with a registry of its own, so that two servers in one process do not share figures. */
export function createMetrics(version: string) {
  const registry = new Registry()
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: `rebond_${name}`, help, labelNames: [...labelNames], registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: `rebond_${name}`, help, labelNames: [...labelNames], registers })

  const eventLoop = { read: () => 0 }
  new Gauge({
    name: 'rebond_event_loop_lateness_seconds',
    help: "How late the program's thread was, 99th percentile since the last scrape.",
    registers,
    collect() {
      this.set(eventLoop.read())
    },
  })

  const metrics = {
    registry,
    eventLoop,
    rcpt: counter('rcpt_total', 'Recipients asked for by the CRM: relayed, blacklisted (refused by us), refused or deferred.', ['verdict']),
    messages: counter('messages_total', 'Mails by what became of them.', ['outcome']),
    messagesUnjournalled: counter(
      'messages_unjournalled_total',
      'Mails passed without a journal record because the store was unavailable.',
    ),
    messageBytes: counter('message_bytes_total', 'Octets of mail passed on to upstream, in wire form.'),
    sessions: gauge('sessions', 'Sessions open now.', ['listener']),
    sessionsRefused: counter('sessions_refused_total', 'Sessions turned away at once.', ['listener', 'why']),
    protocolErrors: counter('protocol_errors_total', 'Input that broke the protocol, by side and kind.', ['side', 'why']),
    upstreamDuration: children(
      new Histogram({
        name: 'rebond_upstream_duration_seconds',
        help: 'Time from a command to its reply from upstream.',
        labelNames: ['command'] as const,
        buckets: upstreamBuckets,
        registers,
      }),
    ),
    upstreamConnections: gauge('upstream_connections', 'Connections to upstream: warm (greeted, waiting) or busy.', ['state']),
    upstreamFailures: counter('upstream_failures_total', 'Upstream sessions that failed.', ['why']),
    returnPathRefused: counter('return_path_refused_total', 'MAIL refused by upstream because of the sender.'),
    bounces: counter('bounces_total', 'Returns recorded.', ['source', 'type', 'category']),
    reports: counter('reports_total', 'Reports received, by what they were.', ['kind']),
    reportsRejected: counter('reports_rejected_total', 'Mail refused by the bounce listener.', ['why']),
    lastReturn: gauge('last_return_timestamp_seconds', 'When the last report arrived.'),
    canaryLastSuccess: gauge('canary_last_success_timestamp_seconds', 'When the last canary came back (bounce.canaryEvery); 0: none yet.'),
    canaryInterval: gauge('canary_interval_seconds', 'Time between two canaries; 0: none fly by themselves.'),
    forwards: counter(
      'forwards_total',
      'Tries to forward returned mail: sent, resent (after a try that may have arrived: maybe a duplicate), deferred, dead (given up), withheld (loop guards).',
      ['outcome'],
    ),
    outbox: gauge('outbox_mails', 'Mails owed: waiting to be forwarded, or dead (given up).', ['state']),
    blacklistedAddresses: gauge('blacklisted_addresses', 'Addresses blacklisted now; the same on every node.'),
    blacklistChanges: counter('blacklist_changes_total', 'Blocks and unblocks.', ['op', 'actor']),
    held: counter('held_total', 'Returns that the surge guard held.'),
    incidents: counter('incidents_total', 'Incidents that the surge guard opened.'),
    incidentsOpen: gauge('incidents_open', 'Incidents of the surge guard that hold returns now; the same on every node.'),
    providerEvents: counter(
      'provider_events_total',
      "Events of mail providers' web hooks: accepted, duplicate (seen before), unknown (no mail of ours), or refused: signature, old, foreign, malformed, replayed, spent, unreachable.",
      ['provider', 'outcome'],
    ),
    webhookDeliveries: counter(
      'webhook_deliveries_total',
      'Tries to deliver webhooks: delivered, deferred (tried again), failed (given up), gone (410: the endpoint is disabled).',
      ['endpoint', 'outcome'],
    ),
    webhooksWaiting: gauge('webhooks_waiting', 'Webhooks that wait to be delivered; the same on every node.'),
    webhookDisabled: gauge('webhook_disabled', '1: the endpoint answered 410 and gets nothing until it is enabled.', ['endpoint']),
    forgotten: counter('forgotten_total', 'Records forgotten because of their age, by kind.', ['kind']),
    lastRetention: gauge('last_retention_timestamp_seconds', 'When the last round of forgetting came to its end.'),
    imapConnected: gauge('imap_connected', '1: the mailbox is open and read.', ['mailbox']),
    imapMails: counter('imap_mails_total', 'Mails looked at in mailboxes: taken (a return of ours), left (not ours), too_large, failed.', [
      'mailbox',
      'outcome',
    ]),
    unclassified: counter('unclassified_total', 'Returns no rule knew.'),
    storeDuration: new Histogram({
      name: 'rebond_store_duration_seconds',
      help: 'Time of a store operation.',
      labelNames: ['op'] as const,
      buckets: storeBuckets,
      registers,
    }),
    storeErrors: counter('store_errors_total', 'Store operations that failed.'),
  }
  gauge('build_info', 'Always 1; the version is in the label.', ['version', 'node']).set({ version, node: process.version }, 1)
  return metrics
}
