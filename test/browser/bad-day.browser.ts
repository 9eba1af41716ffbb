/**
 * The page on a bad day, in a real browser: every page filled, in both languages, light and dark, wide and narrow, by mouse and by keyboard; suspects
 * are blocked, incidents confirmed and released, what could not be forwarded or told is tried again, an address is exported and erased.
 *
 * Without Chromium it is skipped, and says so (browser.ts).
 */
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { receiver, secretFiles, secrets } from '../notify/endpoint-under-test.ts'
import { startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'
import { badDay, heldCount, suspects } from './bad-day.ts'
import { arrive, look, person, send } from './browser.ts'

const pages = [
  ['returned-mail', '/'],
  ['mails', '/mails'],
  ['overview', '/overview'],
  ['blacklist', '/blacklist'],
  ['suspects', '/suspects'],
  ['incidents', '/incidents'],
  ['lists', '/lists'],
  ['list', '/lists/newsletter'],
  ['outbox', '/outbox'],
  ['webhooks', '/webhooks'],
  ['webhook', '/webhooks/crm'],
  ['address-ok', '/addresses/equipe.1%40client.example'],
  ['address', '/addresses/client.0%40un-nom-de-domaine-vraiment-tres-long.example'],
  ['problems', '/problems'],
  ['nothing', '/nothing'],
] as const

t.test('every page, in both languages, light and dark, wide and narrow', async t => {
  const { directory, incidents } = await badDay(t)
  const { url } = await receiver(t)
  const webhooks = [{ name: 'crm', url, secretFiles: await secretFiles(t, secrets[0]), allowPrivate: true }]
  const program = await startProgram(t, { directory, config: { webhooks } })
  for (const [language, more] of [
    ['en', {}],
    ['fr', { locale: 'fr-FR', colorScheme: 'dark' }],
  ] as const) {
    const { page } = await person(t, more)
    await arrive(page, program.url)
    for (const [name, path] of [
      ...pages,
      ['incident', `/incidents/${incidents[0]}`],
      ['incident-over', `/incidents/${incidents[1]}`],
    ] as const) {
      await page.goto(program.url + path)
      if (/plot/.test(await page.content())) await page.locator('.u-over').first().waitFor()
      await page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
      await look(t, page, `bad-day-${language}-${name}`)
    }
  }
})

t.test('suspects and incidents are decided, with a reason', async t => {
  const { directory, incidents } = await badDay(t)
  const program = await startProgram(t, { directory })
  const { page } = await person(t)
  await arrive(page, `${program.url}/suspects`)
  t.equal(await page.locator('tbody tr').count(), suspects.length)
  await page.getByRole('checkbox', { name: `Choose ${suspects[0]}` }).check()
  await page.getByRole('button', { name: 'Block the chosen' }).click()
  t.equal(await page.evaluate('document.activeElement.name'), 'why', 'the browser asks for the reason that is missing')
  await page.getByRole('textbox', { name: 'Reason' }).fill('full for weeks')
  await page.getByRole('button', { name: 'Block the chosen' }).click()
  await page.getByRole('status').getByText('Blocked: 1.').waitFor()
  t.equal(await page.locator('tbody tr').count(), suspects.length - 1)
  t.match(await send(program, suspects[0] ?? ''), /^550 5\.1\.1 .*full for weeks/)
  // By keyboard alone: the box, the reason, the button.
  await page.getByRole('checkbox').first().focus()
  await page.keyboard.press('Space')
  await page.getByRole('textbox', { name: 'Reason' }).focus()
  await page.keyboard.type('the second one')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('status').getByText('Blocked: 1.').waitFor()
  t.equal(await page.locator('tbody tr').count(), suspects.length - 2)

  await page.goto(`${program.url}/overview`)
  await page.getByRole('link', { name: 'big-provider.example' }).click()
  t.equal(await page.locator('tbody tr').count(), heldCount)
  await page.getByRole('textbox', { name: 'Reason' }).fill('they closed down')
  await page.getByRole('button', { name: 'Confirm: the addresses are dead' }).click()
  await page.getByText('Confirmed: what it held is blacklisted.').waitFor()
  t.match(await send(program, 'user1@big-provider.example'), /^550 5\.1\.1 /)
  t.equal(await page.getByRole('button', { name: 'Release' }).count(), 0, 'it is decided')
  t.ok(incidents[0].length > 0)
})

t.test('an incident that was an outage is let go', async t => {
  const { directory, incidents } = await badDay(t)
  const program = await startProgram(t, { directory })
  const { page } = await person(t, { locale: 'fr-FR' })
  await arrive(page, `${program.url}/incidents/${incidents[0]}`)
  await page.getByRole('textbox', { name: 'Raison' }).fill('leur serveur était en panne')
  await page.getByRole('button', { name: 'Relâcher : c’était une panne' }).click()
  await page.getByText('Relâché : rien n’en compte.').waitFor()
  t.match(await send(program, 'user1@big-provider.example'), /^250 /)
  await page.goto(`${program.url}/incidents/${incidents[1]}`)
  await page.getByText('tous les retours qu’il retenait sont décidés').waitFor()
})

t.test('what could not be forwarded or told is tried again', async t => {
  const { directory } = await badDay(t)
  const { url, received } = await receiver(t)
  const webhooks = [{ name: 'crm', url, secretFiles: await secretFiles(t, secrets[0]), allowPrivate: true }]
  const program = await startProgram(t, { directory, config: { webhooks } })
  const { page } = await person(t)
  await arrive(page, `${program.url}/overview`)
  await page.getByRole('link', { name: 'Returns that could not be forwarded' }).click()
  await page.getByText('550 5.1.1 no such user').waitFor()
  await page.getByRole('checkbox').check()
  await page.getByRole('textbox', { name: 'Reason' }).fill('their server is back')
  await page.getByRole('button', { name: 'Forward the chosen now' }).click()
  await page.getByText('To be forwarded now: 1.').waitFor()
  await until(
    async () => {
      await page.reload()
      return page.locator('tbody tr').count()
    },
    count => count === 1,
  )

  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Webhooks' }).click()
  await page.getByRole('link', { name: 'crm' }).click()
  await page.getByRole('link', { name: 'Given up' }).click()
  t.equal(await page.locator('tbody tr').count(), 2)
  await page.getByRole('checkbox').first().check()
  await page.getByRole('textbox', { name: 'Reason' }).first().fill('mended')
  await page.getByRole('button', { name: 'Tell again' }).first().click()
  await page.getByText('Told again: 1.').waitFor()
  await until(
    async () => received.length,
    count => count === 1,
  )
  await page.getByText('Tell everything of a time again').click()
  await page.locator('#replay-since').fill(new Date(Date.now() - 6 * 86_400_000).toISOString().slice(0, 10))
  await page.locator('#replay-why').fill('lost')
  await page.locator('form[action$="replay-time"] button').click()
  await page.getByText('Told again: 1.').waitFor()
  await until(
    async () => received.length,
    count => count === 2,
  )
})

t.test('a person’s data is downloaded and erased', async t => {
  const { directory } = await badDay(t)
  const program = await startProgram(t, { directory })
  const { page } = await person(t)
  const address = 'client.1@orange.example'
  await arrive(page, `${program.url}/mails`)
  await page.getByRole('textbox', { name: 'Recipient' }).fill(address)
  await page.keyboard.press('Enter')
  await until(
    () => page.locator('tbody tr').count(),
    count => count === 1,
  )
  await page.getByRole('link', { name: address }).click()
  await page.getByText('Personal data of this address').click()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()])
  t.match(await readFile(await download.path(), 'utf8'), /"kind":"end","records":\d+/)
  await page.locator('#erase-why').fill('asked for it')
  await page.locator('#erase-confirm').fill('somebody@else.example')
  await page.getByRole('button', { name: 'Erase for good' }).click()
  await page.getByText('This is not the address of this page.').waitFor()
  await page.locator('#erase-confirm').fill(address)
  await page.getByRole('button', { name: 'Erase for good' }).click()
  await page.getByText('Erased. Mails it stood in: 1; returns: 1.').waitFor()
  await page.goto(`${program.url}/mails?address=${encodeURIComponent(address)}`)
  await page.getByText('Nothing matches these filters.').waitFor()
})
