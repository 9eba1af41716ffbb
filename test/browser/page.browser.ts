/**
 * The page in a real browser, against the built program and its sandbox: the README's tour by clicks, both languages, the log-in, hostile words,
 * axe on every page, no errors on the console, no violation of the Content-Security-Policy, and what it all weighs.
 *
 * Without Chromium it is skipped, and says so (browser.ts).
 */
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { digestOf } from '../../src/http/tokens.ts'
import { startProgram } from '../support/program.ts'
import { passes, refOf, tourist, tourReason } from '../support/tour.ts'
import { until } from '../support/until.ts'
import { arrive, look, person, send, waitFor } from './browser.ts'

const maxWeight = 100 * 1024
const hostileSubject = '<script>document.title="taken"</script><img src=x onerror="document.title=\'taken\'">'

t.test('the README’s tour by clicks', async t => {
  const program = await startProgram(t)
  const { page } = await person(t)
  await arrive(page, program.url)
  await page.getByText('No mail has come back.').waitFor()
  await look(t, page, 'empty')

  const who = tourist
  t.match(await send(program, `"Jean Dupont" <${who}>`, { headers: { 'X-Template': 'order', 'X-Campaign-Id': 'autumn' } }), passes)
  await waitFor(page, 'Invalid address')
  const row = page.locator('tbody tr').first()
  for (const cell of ['Your order', 'order', 'Shop', 'Jean Dupont', 'Blacklisted', 'Failure', 'Permanent', 'Invalid address']) {
    t.ok(await row.getByText(cell).first().isVisible(), `the view shows ${cell}`)
  }
  await look(t, page, 'returned-mail')

  const refusal = await send(program, who)
  const ref = refOf(refusal)
  t.type(ref, 'string', refusal)
  await page.goto(`${program.url}/r/${ref}`)
  await page.getByText('It counted: the address is dead').waitFor()
  await page.getByText(tourReason.evidence, { exact: true }).first().waitFor()
  for (const fact of ['Invalid address', 'Hard (permanent)', 'the recipient’s side', tourReason.rule]) {
    t.ok(await page.locator('[aria-labelledby=verdict] dd').getByText(fact, { exact: true }).isVisible(), `the verdict says ${fact}`)
  }
  await page.getByText("I'm sorry to have to inform you").waitFor()
  await look(t, page, 'return')

  await page.getByRole('link', { name: 'Your order' }).click()
  await page.getByRole('heading', { name: 'Your order' }).waitFor()
  await look(t, page, 'mail')
  await page.getByRole('link', { name: 'Returns (1)' }).click()
  t.same(await page.locator('thead th').allTextContents(), ['Status', 'Date', 'Recipient', 'Category'])
  await look(t, page, 'mail-returns')

  await page.getByRole('link', { name: who }).click()
  await page.getByText('Mail to this address is refused until somebody lifts the block.').waitFor()
  await look(t, page, 'address-blacklisted')
  await page.getByRole('textbox', { name: 'Reason' }).first().fill('the customer called')
  await page.getByRole('button', { name: 'Unblock' }).click()
  await page.getByRole('status').getByText('Unblocked: mail to this address passes again.').waitFor()
  await page.getByRole('cell', { name: 'the customer called' }).waitFor()
  await page.locator('.head .chip').getByText('Unknown', { exact: true }).waitFor()
  await look(t, page, 'address-unblocked')
  t.match(await send(program, who), passes, 'the third mail passes')

  await page.getByText('Block this address').click()
  await page.locator('#block-why').fill('asked us to stop')
  await page.getByRole('button', { name: 'Block', exact: true }).click()
  await page.getByText('Blocked: mail to this address is refused from now on.').waitFor()
  t.match(await send(program, who), /asked us to stop/)

  for (const [link, heading] of [
    ['Overview', 'Overview'],
    ['Blacklist', 'Blacklist'],
    ['Suspects', 'Suspects'],
    ['Incidents', 'Incidents'],
    ['Lists', 'Lists'],
  ] as const) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: link }).click()
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    if (link === 'Overview') {
      await page.locator('.u-over').first().waitFor()
      t.equal(await page.locator('canvas').count(), 2, 'the plots are drawn')
    }
    await look(t, page, link.toLowerCase())
  }
  await page.getByRole('link', { name: 'autumn' }).click()
  await page.getByRole('heading', { level: 1, name: 'autumn' }).waitFor()
  await look(t, page, 'list')
})

t.test('search as you type, filters and their mistakes, CSV, keyboard, and a hostile subject', async t => {
  const program = await startProgram(t)
  const { page } = await person(t)
  await send(program, 'unknown-late@sandbox.test', { subject: hostileSubject, headers: { 'X-Template': hostileSubject } })
  await send(program, 'full-late@sandbox.test', { subject: '=1+1' })
  await arrive(page, program.url)
  await waitFor(page, 'Mailbox full')
  await waitFor(page, 'Invalid address')
  t.equal(await page.title(), 'Returned mail · rebond', 'the script in the subject did not run')
  t.ok(await page.getByRole('link', { name: '<script>' }).first().isVisible(), 'it is shown as it is')
  t.equal(await page.locator('main script, main img').count(), 0)
  await page.getByRole('link', { name: '<script>' }).first().click()
  await page.getByRole('heading', { level: 1, name: '<script>' }).waitFor()
  await look(t, page, 'hostile-mail')
  await page.goBack()

  const rows = page.locator('tbody tr')
  await page.getByRole('searchbox', { name: 'Search' }).pressSequentially('full')
  await page.waitForURL(/\?q=full$/)
  await until(
    () => rows.count(),
    count => count === 1,
  )
  t.match(await rows.first().textContent(), /full-late@sandbox\.test/)
  t.equal(await page.evaluate('document.activeElement.name'), 'q', 'the field keeps the focus')
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download as CSV' }).click()])
  const csv = await readFile(await download.path(), 'utf8')
  t.match(csv, /^\ufeffSubject,Email type,Sender,/)
  t.match(csv, /\r\n'=1\+1,/)
  t.equal(csv.trimEnd().split('\r\n').length, 2, 'what is shown, and no more')

  await page.getByRole('textbox', { name: 'Address' }).fill('nobody')
  await page.keyboard.press('Enter')
  await page.getByText('Enter a whole address, such as jean@example.com.').waitFor()
  await look(t, page, 'mistake')
  await page.getByRole('link', { name: 'Clear' }).click()

  await page.goto(program.url)
  await page.keyboard.press('Tab')
  t.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content', 'the first stop of the keyboard')
  await page.keyboard.press('Enter')
  t.equal(await page.evaluate('document.activeElement.id'), 'main')
})

t.test('French, and the dark', async t => {
  const program = await startProgram(t)
  await send(program, '"Jean Dupont" <unknown-late@sandbox.test>', { subject: 'Votre commande' })
  const { page } = await person(t, { locale: 'fr-FR', colorScheme: 'dark' })
  await arrive(page, program.url)
  await waitFor(page, 'Adresse mail invalide')
  await page.getByRole('heading', { level: 1, name: 'Mails retournés' }).waitFor()
  await look(t, page, 'fr-mails-retournes')
  await page.getByRole('link', { name: 'Adresse mail invalide' }).click()
  await page.getByText('Il a compté : l’adresse est morte').waitFor()
  await look(t, page, 'fr-retour')
  await page.getByRole('link', { name: 'unknown-late@sandbox.test' }).first().click()
  await look(t, page, 'fr-adresse')
  await page.getByRole('textbox', { name: 'Raison' }).first().fill('le client a appelé')
  await page.getByRole('button', { name: 'Débloquer' }).click()
  await page.getByText('Débloquée : les mails vers cette adresse passent de nouveau.').waitFor()
  await page.goto(`${program.url}/overview`)
  await page.locator('.u-over').first().waitFor()
  await look(t, page, 'fr-vue')
  await page.getByRole('link', { name: 'English' }).click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.goto(program.url)
  await page.getByRole('heading', { level: 1, name: 'Returned mail' }).waitFor()
})

t.test('the log-in, and a token that may only read', async t => {
  const [reader, all] = ['r'.repeat(43), 'a'.repeat(43)]
  const tokens = [
    { name: 'support', sha256: digestOf(reader), scopes: ['read'] },
    { name: 'boss', sha256: digestOf(all), scopes: ['read', 'unblock', 'admin'] },
  ]
  const program = await startProgram(t, { config: { http: { tokens } } })
  await send(program, 'unknown-late@sandbox.test')
  const { page, context } = await person(t)
  await arrive(page, `${program.url}/addresses/unknown-late%40sandbox.test`)
  await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
  await look(t, page, 'log-in')
  await page.getByLabel('Token').fill('wrong')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('This token is not known.').waitFor()
  await look(t, page, 'log-in-refused')
  await page.getByLabel('Token').fill(reader)
  await page.getByRole('button', { name: 'Log in' }).click()
  await waitFor(page, 'Mail to this address is refused until')
  t.match(page.url(), /\/addresses\/unknown-late%40sandbox\.test$/, 'back where it began')
  t.equal(await page.getByRole('button', { name: 'Unblock' }).count(), 0, 'no button for who may not')
  const cookies = await context.cookies()
  t.match(
    cookies.filter(({ name }) => name === 'rebond'),
    [{ httpOnly: true, sameSite: 'Strict' }],
  )
  t.notOk(cookies.some(({ value }) => value.includes(reader)))
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByText('You have logged out.').waitFor()
  await page.getByLabel('Token').fill(all)
  await page.getByLabel('Token').press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Returned mail' }).waitFor()
  await page.getByRole('searchbox', { name: 'Look up an address' }).fill('unknown-late@sandbox.test')
  await page.keyboard.press('Enter')
  await page.getByRole('textbox', { name: 'Reason' }).first().fill('they wrote')
  await page.getByRole('button', { name: 'Unblock' }).click()
  await page.getByText('Unblocked: mail to this address passes again.').waitFor()
  await page.getByRole('cell', { name: 'boss' }).waitFor()
})

t.test('without script all but plots and search as you type works', async t => {
  const program = await startProgram(t)
  await send(program, 'unknown-late@sandbox.test')
  const { page } = await person(t, { javaScriptEnabled: false })
  await page.goto(program.url)
  await waitFor(page, 'Invalid address')
  await page.getByRole('searchbox', { name: 'Search' }).fill('unknown')
  await page.getByRole('button', { name: 'Show' }).click()
  await page.getByRole('link', { name: 'unknown-late@sandbox.test' }).click()
  await page.getByRole('textbox', { name: 'Reason' }).first().fill('no script here')
  await page.getByRole('button', { name: 'Unblock' }).click()
  await page.getByText('Unblocked: mail to this address passes again.').waitFor()
  await page.goto(`${program.url}/overview`)
  await page.getByText('The figures').first().click()
  await page.getByRole('columnheader', { name: 'Accepted' }).waitFor()
})

t.test('all of it weighs less than 100 KB, and nothing is asked of anybody else', async t => {
  const program = await startProgram(t)
  for (let i = 0; i < 50; i++) await send(program, `unknown+${i}@sandbox.test`)
  const { page, context } = await person(t)
  await arrive(page, program.url)
  await waitFor(page, '50 shown')
  const weights = new Map<string, number>()
  const cold = await context.newCDPSession(page)
  await cold.send('Network.enable')
  await cold.send('Network.setCacheDisabled', { cacheDisabled: true })
  const urls = new Map<string, string>()
  cold.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, response.url))
  cold.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => weights.set(urls.get(requestId) ?? requestId, encodedDataLength))
  for (const path of ['/', '/overview']) await page.goto(program.url + path, { waitUntil: 'networkidle' })
  for (const [url, weight] of weights) t.comment(`${weight} octets: ${url}`)
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0)
  t.comment(`${total} octets in all`)
  t.ok(weights.size >= 6, 'pages, style, scripts and uPlot were counted')
  t.ok(total < maxWeight, `a full page of returns and the overview: ${total} octets`)
  for (const url of weights.keys()) t.ok(url.startsWith(program.url) || url.startsWith('data:'), url)
})
