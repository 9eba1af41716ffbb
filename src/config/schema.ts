/**
 * The configuration: every key, its default, and what must hold of it, in one definition (zod). doc/configuration.md is generated from it.
 *
 * Every key has a default; unknown keys are errors. Durations and sizes end in their unit. Secrets come from files only.
 * Pure.
 */
import { z } from 'zod'
import { address, days, host, octets, path, port, remotePort, seconds } from './fields.ts'
import { httpTokens } from './http-tokens.ts'
import { intake } from './intake.ts'
import { lists } from './lists.ts'
import { login } from './login.ts'
import { isNetwork, prefixOf } from './network.ts'
import { policy } from './policy.ts'
import { retention } from './retention.ts'
import { returnPath } from './return-path.ts'
import { webhooks } from './webhooks.ts'

const network = z.string().refine(isNetwork, { error: 'must be a network such as 10.0.0.0/8 or "fd00::/8"' })
const networks = z.array(network)
/** Wider networks than these are not a company's: the relay would be open to strangers. */
const narrowestPrefix = { 32: 8, 128: 32 } as const
const client = network.refine(
  text => {
    const prefix = prefixOf(text)
    return prefix === null || prefix.bits >= narrowestPrefix[prefix.of]
  },
  {
    error: ({ input }) =>
      `must be a network of /${narrowestPrefix[prefixOf(String(input))?.of ?? 32]} or narrower (a wider one makes an open relay)`,
  },
)
/** `10.0.0.0/33` must not pass for a name that no host ever has. */
const reporter = z.string().refine(text => isNetwork(text) || /^(?:\*\.)?(?:[a-z0-9_-]+\.)*[a-z][a-z0-9-]*\.?$/i.test(text), {
  error: 'must be a network, or a name such as mail.example.com or *.outbound.example.com',
})
const listener = (otherwise: { host: string; port: number }) =>
  z
    .array(
      z.strictObject({
        host: host.default('127.0.0.1'),
        port,
        tls: z.enum(['none', 'starttls', 'implicit']).default('none'),
      }),
    )
    .min(1)
    .default([{ ...otherwise, tls: 'none' }])

const bounceListener = z
  .strictObject({
    host: host.default('127.0.0.1'),
    port,
    tls: z.enum(['none', 'starttls', 'implicit']).default('none'),
    protocol: z.enum(['smtp', 'lmtp']).default('smtp'),
  })
  // RFC 2033 §5.
  .refine(({ protocol, port }) => protocol === 'smtp' || port !== 25, { path: ['port'], error: 'must be another port than 25 for lmtp' })

const tlsFiles = z
  .strictObject({
    certFile: path.nullable().default(null).describe('certificate chain, PEM; read again at SIGHUP'),
    keyFile: path.nullable().default(null).describe('its private key, PEM'),
  })
  .prefault({})

const relay = z
  .strictObject({
    listen: listener({ host: '127.0.0.1', port: 2525 }).describe("where the CRM's mail is taken"),
    clients: z.array(client).default(['127.0.0.0/8', '::1/128']).describe('networks that may connect; all others get 554 and are closed'),
    users: z
      .array(z.strictObject({ name: z.string().min(1), passwordHashFile: path }))
      .default([])
      .describe('our own AUTH, when upstream.auth is set'),
    plainAuthFrom: networks.default([]).describe('networks that may AUTH without TLS (loopback may)'),
    proxyProtocolFrom: networks.default([]).describe('balancers that speak PROXY v1 or v2'),
    tls: tlsFiles,
    maxSessions: z.int().min(1).default(2000).describe('sessions at once; one more gets 421'),
    maxSessionsPerClient: z.int().min(1).default(1000).describe('sessions at once from one address'),
    maxRecipients: z.int().min(100).default(1000).describe('recipients of one mail; RFC 5321 §4.5.3.1.8 asks for 100 at least'),
    maxMessageBytes: octets.nullable().default(null).describe("null: upstream's own SIZE"),
    minBytesPerSecond: z.int().min(0).default(100).describe('a body slower than this over a minute is ended with 421'),
    timeouts: z
      .strictObject({
        idleSeconds: seconds(300).describe('a silent CRM'),
        blockSeconds: seconds(180).describe('between two pieces of a body'),
        greetingSeconds: seconds(300).describe("upstream's greeting, and its reply to EHLO"),
        commandSeconds: seconds(300).describe("upstream's reply to MAIL and RCPT"),
        dataSeconds: seconds(120).describe("upstream's reply to DATA"),
        finalDotSeconds: seconds(600).describe("upstream's reply to the final dot"),
        connectSeconds: seconds(30).describe("one of upstream's addresses to answer a connect"),
        stopSeconds: seconds(30).describe('transactions in flight at SIGTERM'),
      })
      .prefault({})
      .describe('RFC 5321 §4.5.3.2'),
  })
  .prefault({})

const upstream = z
  .strictObject({
    host: host.nullable().default(null).describe('null: the built-in sandbox; all its addresses are tried in turn'),
    port: remotePort.default(25).describe('25, or 465 with tls: implicit, or 587 with tls: starttls'),
    tls: z
      .enum(['none', 'opportunistic', 'starttls', 'implicit'])
      .default('none')
      .describe('opportunistic: STARTTLS when offered, certificate not checked; starttls, implicit: always, certificate checked'),
    caFile: path.nullable().default(null).describe('authorities to trust instead of the public ones, PEM'),
    serverName: host.nullable().default(null).describe('name the certificate must carry; default host'),
    auth: login.nullable().default(null).describe("null: the CRM's AUTH passes through"),
    allowCleartextAuth: z.boolean().default(false).describe('AUTH, relayed or ours, only over verified TLS or to loopback unless true'),
    warmConnections: z
      .union([z.literal('auto'), z.int().min(0).max(100)], { error: 'must be auto or a whole number from 0 to 100' })
      .default('auto')
      .describe('auto: 4 to loopback or private upstreams, else 0; a number'),
    trustsXclient: z.boolean().default(false).describe("upstream takes the CRM's own address by XCLIENT or XFORWARD from us"),
  })
  .prefault({})

const bounce = z
  .strictObject({
    listen: z
      .array(bounceListener)
      .min(1)
      .default([{ host: '127.0.0.1', port: 2526, tls: 'none', protocol: 'smtp' }])
      .describe('listeners for returned mail; protocol: lmtp for a mail server of yours that hands it over (RFC 2033)'),
    tls: tlsFiles,
    maxMessageBytes: octets.default(26_214_400).describe('a larger report gets 552'),
    maxSessions: z.int().min(1).default(500).describe('sessions at once; one more gets 421'),
    maxSessionsPerNetwork: z.int().min(1).default(20).describe('of one /24 (IPv4) or /64 (IPv6); reporters are exempt'),
    dataSeconds: seconds(300).describe('total deadline for a report to arrive'),
    reporters: z
      .array(reporter)
      .default(['127.0.0.0/8', '::1/128'])
      .describe(
        'hosts whose reports prove themselves; the addresses of upstream.host are added; networks, or names by forward-confirmed reverse DNS',
      ),
    postmaster: address.nullable().default(null).describe('ADDRESS for mail to postmaster@; null: kept and shown'),
    forwardTo: z
      .union([z.enum(['original', 'none']), address], { error: 'must be original, none or a mail address' })
      .default('original')
      .describe('original | none | ADDRESS: who gets returns and auto-replies afterwards'),
    forwardVia: z
      .strictObject({
        host,
        port: remotePort.default(25),
        tls: z.enum(['none', 'opportunistic', 'starttls', 'implicit']).default('opportunistic'),
        auth: login.nullable().default(null),
      })
      .nullable()
      .default(null)
      .describe('null: upstream'),
    forwardFrom: address.nullable().default(null).describe('envelope sender of forwarded mail; null: <>'),
    canaryEvery: z
      .string()
      .regex(/^[1-9]\d{0,3}[mhd]$/, { error: 'must be a time such as 30m, 6h or 1d' })
      .nullable()
      .default(null)
      .describe('30m, 6h, 1d: so often a mail of our own goes through upstream and must come back; null: never'),
    forwardForDays: days.default(5).describe('what cannot be forwarded for so long becomes a dead letter (RFC 5321 §4.5.4.1)'),
  })
  .prefault({})

const store = z
  .strictObject({
    kind: z.enum(['level', 'postgres']).default('level').describe('level: embedded; postgres: many nodes'),
    path: path.default('../data').describe('data directory, mode 0700; kind level keeps everything in it'),
    url: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('for kind postgres: postgres://USER@HOST:5432/DATABASE, with ?sslmode=verify-full&sslrootcert=FILE over a network'),
    passwordFile: path.nullable().default(null).describe("holds the database's password, so that store.url need not"),
    connections: z.int().min(2).max(1000).default(10).describe('to the database, at most'),
    timeoutSeconds: seconds(5).describe('longest wait for the database: for a connection, a lock, a statement'),
    whenUnavailable: z
      .enum(['defer', 'pass'])
      .default('defer')
      .describe('defer: 451 at RCPT and at the dot; pass: unscreened and unjournalled'),
  })
  .prefault({})

const http = z
  .strictObject({
    listen: z
      .strictObject({
        host: host.default('127.0.0.1').describe('beyond loopback: only with tokens, and behind a proxy with TLS'),
        port: port.default(8025).describe('0: a free one'),
      })
      .prefault({}),
    publicUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .nullable()
      .default(null)
      .describe('where support reaches the page; links in refusals and webhooks'),
    tokens: httpTokens,
    requestsPerMinute: z.int().min(1).default(6000).describe('of one token, without tokens of one network; more get 429 with Retry-After'),
  })
  .prefault({})

const classify = z
  .strictObject({
    rulesFile: path
      .nullable()
      .default(null)
      .describe('rules of your own, asked before the shipped ones (rules.example.yaml); read again at SIGHUP'),
  })
  .prefault({})

export const configSchema = z.strictObject({
  hostname: host.nullable().default(null).describe("our name in greetings, and in EHLO of sessions of our own; null: the machine's name"),
  relay: relay.describe("the CRM's side"),
  upstream: upstream.describe('the mail server behind us'),
  returnPath: returnPath.describe('the envelope sender that mail leaves with'),
  bounce: bounce.describe('where returned mail arrives'),
  intake: intake.describe('other ways in for returned mail'),
  store: store.describe('what rebond remembers'),
  http: http.describe('API, page and metrics'),
  classify: classify.describe("what other servers' words mean"),
  policy: policy.describe('what a return may do'),
  lists: lists.describe('mailing lists and templates'),
  retention: retention.describe('how long what is kept'),
  webhooks: webhooks.describe('endpoints that are told what happens (Standard Webhooks)'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
        .default('info')
        .describe('nothing personal at info and above; read again at SIGHUP'),
    })
    .prefault({})
    .describe('JSON lines on standard error'),
})

/** The whole configuration, defaults filled in. Paths are as written until `resolvePaths`. */
export type Config = z.output<typeof configSchema>
export type RelayConfig = Config['relay']
export type UpstreamConfig = Config['upstream']
export type BounceConfig = Config['bounce']
export type HttpConfig = Config['http']
export type PolicyConfig = Config['policy']
export type ListsConfig = Config['lists']
