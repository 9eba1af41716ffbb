import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { classifyReply } from '../../src/classify/classify-reply.ts'
import { shippedRules } from '../../src/classify/rule-set.ts'
import { loadConfig } from '../../src/cli/load-config.ts'
import { formatProblem, parseConfig } from '../../src/config/config.ts'
import { isLoopback, isNetwork, isPrivate, networkMatcher } from '../../src/config/network.ts'
import { warningsOf } from '../../src/config/warnings.ts'

/** The problems of a configuration, as `check-config` prints them. */
function problemsOf(value: unknown): string[] {
  const parsed = parseConfig(value)
  return parsed.ok ? [] : parsed.problems.map(problem => formatProblem('c.yaml', problem))
}

t.test('an empty file is the default configuration: loopback, sandbox, no token', async t => {
  const parsed = parseConfig(null)
  if (!parsed.ok) return t.fail('the defaults must be right', parsed)
  const { relay, upstream, http, bounce, returnPath, policy } = parsed.config
  t.same(relay.listen, [{ host: '127.0.0.1', port: 2525, tls: 'none' }])
  t.same(bounce.listen, [{ host: '127.0.0.1', port: 2526, tls: 'none', protocol: 'smtp' }])
  t.same(http, { listen: { host: '127.0.0.1', port: 8025 }, publicUrl: null, tokens: [], requestsPerMinute: 6000 })
  t.equal(upstream.host, null)
  t.same(relay.clients, ['127.0.0.0/8', '::1/128'])
  t.equal(returnPath.domain, 'bounces.sandbox.test')
  t.equal(policy.okAfterHours, 72)
  t.same(parseConfig({}), parsed)
})

t.test('what policy.never and policy.rules name must be there to be named', async t => {
  t.same(problemsOf({ policy: { never: ['jean@example.com', 'example.com', '@example.com', ' münchen.example '] } }), [])
  for (const nonsense of ['@', '', 'x y', 'a@b@c', 'a@', '@b@c', 'a@x..y', '*.example.com', 'https://example.com'])
    t.match(
      problemsOf({ policy: { never: ['example.com', nonsense] } }),
      [/^c\.yaml: policy\.never\[1\]: must be an address \(.*, not/],
      nonsense,
    )
  const file = join(await mkdtemp(join(tmpdir(), 'rebond-rules-')), 'c.yaml')
  t.teardown(() => rm(join(file, '..'), { recursive: true }))
  await writeFile(
    file,
    'policy: { rules: { rfc3463-x.1.1: { expiresAfterDays: 3 }, rfc3463-x.1.11: { expiresAfterDays: 3 }, zzzzzzzz: {} } }',
  )
  t.same(await loadConfig(file), {
    ok: false,
    problems: [
      `${file}: policy.rules.rfc3463-x.1.11: must be the id of a rule, not rfc3463-x.1.11 (did you mean rfc3463-x.1.1?)`,
      `${file}: policy.rules.zzzzzzzz: must be the id of a rule, not zzzzzzzz (the rule of a return stands in GET /v1/bounces)`,
    ],
  })
})

t.test('every wrong key and value is listed at once, each with where, what must be, and what is', async t => {
  t.same(
    problemsOf({
      hostnam: 'x',
      relay: { listn: [], clients: ['0.0.0.0/33', 'here'], maxSessions: 'many', listen: [{ host: '127.0.0.1', port: 99_999 }] },
      upstream: { tls: 'ssl', auth: { user: 'x' } },
      store: 4,
      http: { publicUrl: 'rebond', tokens: [{ name: 'a', sha256: 'z', scopes: ['all'] }] },
      policy: { judgeWithinDays: -1, refusal: { enhancedStatus: '4.1.1' } },
    }),
    [
      'c.yaml: relay.listen[0].port: must be at most 65535, not 99999',
      'c.yaml: relay.clients[0]: must be a network such as 10.0.0.0/8 or "fd00::/8", not 0.0.0.0/33',
      'c.yaml: relay.clients[1]: must be a network such as 10.0.0.0/8 or "fd00::/8", not here',
      'c.yaml: relay.maxSessions: must be a number, not many',
      'c.yaml: relay.listn: must be a key that rebond knows, not listn (did you mean listen?)',
      'c.yaml: upstream.tls: must be none | opportunistic | starttls | implicit, not ssl',
      'c.yaml: upstream.auth: must be { user, passwordFile } or { user, oauth2: { tokenUrl, clientId, clientSecretFile, scope } }, not {"user":"x"}',
      'c.yaml: store: must be a group of keys, not 4',
      'c.yaml: http.publicUrl: must be an http or https URL, not rebond',
      'c.yaml: http.tokens[0].sha256: must be 64 hexadecimal digits (rebond token new prints them), not text of 1 characters',
      'c.yaml: http.tokens[0].scopes[0]: must be read | unblock | admin | ingest, not all',
      'c.yaml: policy.judgeWithinDays: must be more than 0, not -1',
      'c.yaml: policy.refusal.enhancedStatus: must be an enhanced status of class 5, such as 5.1.1, not 4.1.1',
      'c.yaml: hostnam: must be a key that rebond knows, not hostnam (did you mean hostname?)',
    ],
  )
  t.match(problemsOf([1])[0], /^c\.yaml: must be a group of keys, not \[1\]$/)
})

t.test('what contradicts itself, or would open the relay to the world, is refused', async t => {
  for (const [value, problem] of [
    [{ upstream: { host: 'mail.example.com' } }, /returnPath\.domain: must be a domain of yours .*not bounces\.sandbox\.test/],
    [{ http: { listen: { host: '0.0.0.0' } } }, /http\.tokens: must hold a token when http\.listen\.host is not loopback/],
    [{ http: { publicUrl: 'https://rebond.example.com' } }, /http\.tokens: must hold a token when http\.publicUrl is set/],
    [{ relay: { clients: ['0.0.0.0/0'] } }, /relay\.clients\[0\]: must be a network of \/8 or narrower.*open relay/],
    [{ relay: { clients: ['::/16'] } }, /relay\.clients\[0\]: must be a network of \/32 or narrower/],
    [{ store: { kind: 'postgres', url: 'postgres://x' } }, /returnPath\.keyFile: must be a file that all nodes share/],
    [{ store: { kind: 'postgres' }, returnPath: { keyFile: 'k' } }, /store\.url: must be a postgres:\/\/ URL/],
    [{ relay: { listen: [{ port: 25, tls: 'starttls' }] } }, /relay\.tls\.certFile: must be a certificate file/],
    [{ bounce: { tls: { certFile: 'c.pem' } } }, /bounce\.tls: must name both certFile and keyFile/],
    [{ relay: { users: [{ name: 'crm', passwordHashFile: 'f' }] } }, /relay\.users: must be empty when upstream\.auth is null/],
    [{ returnPath: { address: 'bounces@example.com' } }, /returnPath\.address: must hold \{token\} once, before its @/],
    [{ returnPath: { address: '{token}{token}@{domain}' } }, /returnPath\.address: must hold \{token\} once, before its @/],
    [{ returnPath: { address: 'b {token}@{domain}' } }, /returnPath\.address: must be a mail address when/],
    [
      { returnPath: { address: `${'b'.repeat(27)}{token}@{domain}` } },
      /returnPath\.address: must have at most 26 characters beside \{token\}/,
    ],
    [
      {
        upstream: { host: 'mail.example.com' },
        returnPath: { address: 'crm+{token}@example.com', domains: [{ senders: ['a.example'], domain: 'b.a.example' }] },
      },
      /returnPath\.address: must end in @\{domain\} when returnPath\.domains names other domains, not crm\+\{token\}@example\.com$/,
    ],
    [
      { returnPath: { domains: [{ senders: ['a.example', 'A.example.'], domain: 'b.a.example' }] } },
      /returnPath\.domains\[0\]\.senders\[1\]: must be a sender domain of one entry only, not A\.example\.$/,
    ],
    [
      { returnPath: { domains: [{ senders: [], domain: 'b.example' }] } },
      /returnPath\.domains\[0\]\.senders: must be a list of at least 1/,
    ],
    [
      { intake: { imap: [{ name: 'a', host: 'imap.example.com', user: 'u', tls: 'none', folder: 'Rebond' }] } },
      /intake\.imap\[0\]\.passwordFile: must be a file when oauth2 is null/,
      /intake\.imap\[0\]\.tls: must be implicit \| starttls beyond loopback .*, not none$/,
      /intake\.imap\[0\]\.processedFolder: must be another folder than folder, or null, not Rebond$/,
    ],
    [{ returnPath: { mode: 'leave' } }, /returnPath\.mode: must be rewrite \| keep, not leave$/],
    [{ returnPath: { domain: 'bounces example.com' } }, /returnPath\.domain: must be a host name or an address/],
    [{ returnPath: { domain: 'a..b' } }, /returnPath\.domain: must be a domain such as/],
    [{ hostname: 'mail.example.com\r\n250 ok' }, /hostname: must be a host name or an address, not "mail\.example\.com\\r\\n250 ok"$/],
    [{ bounce: { reporters: ['10.0.0.0/33'] } }, /bounce\.reporters\[0\]: must be a network, or a name/],
    [{ bounce: { reporters: ['*'] } }, /bounce\.reporters\[0\]: must be a network, or a name/],
    [{ upstream: { port: 0 } }, /upstream\.port: must be at least 1, not 0/],
  ] as const) {
    t.match(problemsOf(value), [problem], JSON.stringify(value))
  }
  t.same(problemsOf({ upstream: { host: 'mail.example.com' }, returnPath: { domain: 'bounces.example.com' } }), [])
  t.same(problemsOf({ relay: { clients: ['10.0.0.0/8', 'fd00::/32'] } }), [])
  const real = { upstream: { host: 'mail.example.com' } }
  t.same(problemsOf({ ...real, returnPath: { address: 'crm+b-{token}@example.com' } }), [], 'a sub-address needs no domain of its own')
  t.same(problemsOf({ ...real, returnPath: { mode: 'keep' } }), [], 'nor does mode keep')
  t.same(problemsOf({ returnPath: { address: `${'b'.repeat(26)}{token}@{domain}`, domain: 'retours.société.example' } }), [])
  t.same(problemsOf({ bounce: { reporters: ['mail.example.com', '*.outbound.example.com.', '192.0.2.1', 'fd00::/8', 'localhost'] } }), [])
})

t.test('a contradiction is listed beside wrong values, unless one of those is a part of it', async t => {
  const wrong = {
    upstream: { host: 'mail.example.com', tls: 'ssl' },
    http: { listen: { host: '0.0.0.0' } },
    relay: { clients: ['::/0', 'x'] },
    log: 1,
  }
  t.match(problemsOf(wrong), [
    /relay\.clients\[0\]: must be a network of \/32 or narrower \(a wider one makes an open relay\), not ::\/0$/,
    /relay\.clients\[1\]: must be a network such as/,
    /upstream\.tls: must be none/,
    /log: must be a group of keys/,
    /returnPath\.domain: must be a domain of yours/,
    /http\.tokens: must hold a token when http\.listen\.host is not loopback/,
  ])
  t.match(problemsOf({ http: { listen: { host: '0.0.0.0' }, tokens: 'none' } }), [/http\.tokens: must be a list, not none$/])
  t.match(problemsOf({ upstream: { host: 'mail.example.com' }, returnPath: 'b' }), [/returnPath: must be a group of keys, not b$/])
})

t.test('no value, however odd, makes the check throw', async t => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('relay', 'upstream', 'returnPath', 'bounce', 'store', 'http', 'policy', 'log'),
      (value, key) => {
        parseConfig(value)
        parseConfig({ [key]: value })
        return true
      },
    ),
  )
  t.pass('nothing was thrown')
})

t.test('a file is read with its paths relative to itself, and what cannot be read is said with its line', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'rebond-config-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = join(directory, 'c.yaml')
  const load = async (text: string) => {
    await writeFile(file, text)
    return loadConfig(file)
  }
  const good = await load('store: { path: ../var }\nreturnPath: { keyFile: /etc/key, previousKeyFiles: [old] }\n')
  t.match(good, {
    ok: true,
    config: {
      store: { path: join(directory, '..', 'var') },
      returnPath: { keyFile: '/etc/key', previousKeyFiles: [join(directory, 'old')] },
    },
  })
  t.match(await load(''), { ok: true, config: { store: { kind: 'level' } }, warnings: [] })
  t.match(await load('relay:\n  listen: [\n'), { ok: false, problems: [/c\.yaml:3: must be YAML: /] })
  t.match(await load('log: {}\nlog: {}\n'), { ok: false, problems: [/c\.yaml:2: must be YAML: Map keys must be unique/] })
  t.match(await loadConfig(join(directory, 'none.yaml')), {
    ok: false,
    problems: [/none\.yaml: must be a configuration file that can be read: there is no such file/],
  })
  const bomb = `a: &a [${'x,'.repeat(9)}x]\n${[...'bcdefgh'].map((k, i) => `${k}: &${k} [${`*${'abcdefg'[i]},`.repeat(9)}*${'abcdefg'[i]}]`).join('\n')}\n`
  t.match(await load(bomb), { ok: false, problems: [/must be YAML that can be expanded/] })
})

t.test('networks: what is one, what lies in it', async t => {
  for (const good of ['10.0.0.0/8', '127.0.0.1', '::1/128', 'fd00::/8', '0.0.0.0/0', '::ffff:10.0.0.1']) t.ok(isNetwork(good), good)
  for (const bad of [
    '',
    '10.0.0.0/33',
    '10/8',
    '0x7f.1',
    '2130706433',
    '10.0.0.0/8/8',
    'fd00::/129',
    'example.com',
    '10.0.0.0/-1',
    '1.2.3.4.5',
    '/8',
  ]) {
    t.notOk(isNetwork(bad), bad)
  }
  const inside = networkMatcher(['10.0.0.0/8', 'fd00::/8', '192.0.2.7'])
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '192.0.2.7']) t.ok(inside(address), address)
  for (const address of ['11.0.0.1', 'fe80::1', '192.0.2.8', '', 'localhost', '10.1.2.3.4']) t.notOk(inside(address), address)
  t.ok(isLoopback('127.9.9.9') && isLoopback('::1') && isLoopback('::ffff:127.0.0.1'))
  t.notOk(isLoopback('128.0.0.1') || isLoopback('::2') || isLoopback('10.0.0.1'))
  t.ok(isPrivate('192.168.1.1') && isPrivate('172.31.0.1') && isPrivate('fe80::1%eth0'))
  t.notOk(isPrivate('172.32.0.1') || isPrivate('8.8.8.8') || isPrivate('2001:db8::1'))
})

t.test('a rule file is read with the configuration, and all of its problems are said at once', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'rebond-rules-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = join(directory, 'c.yaml')
  await writeFile(file, 'classify: { rulesFile: rules.yaml }\n')
  t.match(await loadConfig(file), { ok: false, problems: [/rules\.yaml: must be a rule file that can be read: there is no such file/] })
  await writeFile(
    join(directory, 'rules.yaml'),
    'rules:\n  - { id: a, gives: dead, when: { says: [gone fishing] }, sample: 550 here }\n  - { idd: b }\n',
  )
  const bad = await loadConfig(file)
  t.ok(
    !bad.ok && bad.problems.length >= 3 && bad.problems.every(problem => /rules\.yaml: rules\[[01]\]/.test(problem)),
    JSON.stringify(bad),
  )
  await writeFile(
    join(directory, 'rules.yaml'),
    'rules:\n  - { id: fishing, gives: temporary, when: { says: [gone fishing] }, sample: 550 5.1.1 gone fishing }\n',
  )
  const good = await loadConfig(file)
  if (!good.ok) return t.fail('the rule file is right', good)
  t.match(classifyReply('550 5.1.1 User unknown, gone fishing', { rules: good.rules }), { rule: 'fishing', type: 'soft' })
  t.match(classifyReply('550 5.1.1 User unknown', { rules: good.rules }), { type: 'hard' }, 'the shipped rules are still there')
  t.match(await loadConfig(fileURLToPath(new URL('../../config/default.yaml', import.meta.url))), { ok: true, rules: shippedRules })
})

t.test('keep without a way for returns to come in is warned of; LMTP does not listen on port 25', t => {
  const keep = { upstream: { host: 'smtp.example.com' }, bounce: { forwardTo: 'none' }, returnPath: { mode: 'keep' } }
  const mailbox = { name: 'crm', host: 'imap.example.com', user: 'crm', passwordFile: 'x' }
  for (const [more, paths] of [
    [{}, ['returnPath.mode']],
    [{ intake: { imap: [mailbox] } }, []],
    [{ intake: { providers: { postmark: { passwordFile: 'x' } } } }, []],
    [{ intake: { providers: { maxAgeHours: 12 } } }, ['returnPath.mode']],
    [{ http: { tokens: [{ name: 'pipe', sha256: 'a'.repeat(64), scopes: ['ingest'] }] } }, []],
    [{ http: { tokens: [{ name: 'eye', sha256: 'a'.repeat(64), scopes: ['read'] }] } }, ['returnPath.mode']],
    [{ returnPath: { domain: 'bounces.example.com' } }, []],
  ] as const) {
    const parsed = parseConfig({ ...keep, ...more })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    t.same(
      warningsOf(parsed.config).map(({ path }) => path),
      paths,
      JSON.stringify(more),
    )
  }
  for (const [listen, right] of [
    [{ port: 25, protocol: 'lmtp' }, false],
    [{ port: 24, protocol: 'lmtp' }, true],
    [{ port: 25, protocol: 'smtp' }, true],
  ] as const)
    t.equal(parseConfig({ bounce: { listen: [listen] } }).ok, right, JSON.stringify(listen))
  t.end()
})
