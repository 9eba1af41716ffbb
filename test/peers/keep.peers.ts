/**
 * Mode keep: rebond before a real Postfix, the CRM's own sender untouched, its mailbox read by IMAP from a real Dovecot. `npm run test:peers`, as root.
 */
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../support/program.ts'
import { until } from '../support/until.ts'
import { dovecotMissing, password, startDovecot } from './dovecot.ts'
import { openNeighbourhood } from './neighbourhood.ts'
import { postfixMissing, startPostfix } from './postfix.ts'
import { remoteFates, returnsAreJudged } from './returns.ts'

const skip = postfixMissing() ?? dovecotMissing() ?? false
if (skip) console.error(skip)

const numberOf = (flag: '-u' | '-g') => spawnSync('id', [flag, 'dovecot']).stdout.toString().trim()

t.test('the tour in mode keep: returns are read from the mailbox of the sender, other mail in it is left unread', { skip }, async t => {
  const dovecot = await startDovecot(t)
  const secret = join(await temporaryDirectory(t), 'password')
  await writeFile(secret, `${password}\n`)
  const maildir = dovecot.maildir('news')
  for (const name of ['', 'new', 'cur', 'tmp']) await mkdir(join(maildir, name), { recursive: true })
  for (let i = 0; i < 300; i++)
    await writeFile(
      join(maildir, 'new', `17000${i}.M1P1.host`),
      `From: Jean <jean@example.com>\nTo: news@shop.test\nSubject: Question ${i}\n\nBonjour\n`,
    )
  spawnSync('chown', ['-R', 'dovecot:dovecot', maildir])
  const place = await openNeighbourhood(t, {
    returnPath: { mode: 'keep' },
    intake: {
      imap: [
        {
          name: 'news',
          host: '127.0.0.1',
          port: dovecot.port,
          tls: 'none',
          user: 'news',
          passwordFile: secret,
          processedFolder: 'Rebond',
          pollSeconds: 5,
        },
      ],
    },
  })
  await startPostfix(t, {
    port: place.port,
    main: {
      virtual_mailbox_domains: 'shop.test',
      virtual_mailbox_maps: 'inline:{ {news@shop.test = news/} }',
      virtual_mailbox_base: join(maildir, '..'),
      virtual_uid_maps: `static:${numberOf('-u')}`,
      virtual_gid_maps: `static:${numberOf('-g')}`,
      default_transport: `smtp:[mx.remote.test]:${place.nextHop.port}`,
      transport_maps: `inline:{ {closed.test = smtp:[mx.closed.test]:${place.closedPort}}, {nodomain.test = smtp:} }`,
    },
  })
  await returnsAreJudged(t, place.program, 'postfix-keep', remoteFates)
  const mails = place.nextHop.sessions.flatMap(({ lines }) => lines).filter(line => line.startsWith('MAIL FROM:'))
  t.ok(mails.length > 0 && mails.every(line => line.startsWith('MAIL FROM:<news@shop.test>')), 'MAIL FROM passed unchanged')
  const processed = () =>
    readdir(join(maildir, '.Rebond', 'cur')).then(async seen => seen.length + (await readdir(join(maildir, '.Rebond', 'new'))).length)
  await until(processed, count => count >= remoteFates.length)
  const left = [...(await readdir(join(maildir, 'new'))), ...(await readdir(join(maildir, 'cur')))]
  t.equal(left.length, 300, 'what people wrote is where it was')
  t.ok(
    left.every(name => !/:2,.*S/.test(name)),
    'and unread',
  )
  const { checks } = (await (await fetch(`${place.program.url}/readyz`)).json()) as { checks: Record<string, string> }
  t.equal(checks.mailboxes, 'ok')
})
