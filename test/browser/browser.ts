/**
 * A real browser for tests, and the people who use it: whatever goes wrong in it fails the test.
 *
 * Needs Chromium (CHROMIUM, else /usr/bin/chromium). Screenshots go to a temporary directory that the test names.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Program } from '../support/program.ts'
import { until } from '../support/until.ts'

/** Where Chromium is. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
/** The time zone of those who look. */
export const zone = 'Europe/Paris'

if (!existsSync(executablePath)) {
  process.stderr.write(`NOT TESTED: there is no Chromium at ${executablePath} (apt-get install chromium, or set CHROMIUM)\n`)
  t.pass('the page in a real browser', { skip: `no Chromium at ${executablePath}: NOT tested` })
  process.exit(0)
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
const shots = await mkdtemp(join(tmpdir(), 'rebond-screenshots-'))
t.teardown(() => browser.close())
t.comment(`screenshots: ${shots}`)

/** A person with a browser; whatever goes wrong in it fails the test. */
export async function person(t: Test, more: Parameters<Browser['newContext']>[0] = {}): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: zone, viewport: { width: 1280, height: 900 }, ...more })
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('console', message => {
    // A 4xx that a test asks for is told on the console too.
    const expected = /Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())
    if (['error', 'warning'].includes(message.type()) && !expected) t.fail(`console at ${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', err => t.fail(`script: ${err.message}`))
  page.on('dialog', dialog => t.fail(`a dialog: ${dialog.message()}`))
  return { page, context }
}

type Violation = { id: string; help: string; nodes: { html: string; failureSummary: string }[] }

/** Every rule of axe that the page breaks; screenshots of it, wide and narrow. Styles and scripts of ours only: axe is evaluated, not loaded. */
export async function look(t: Test, page: Page, name: string): Promise<void> {
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as { violations: Violation[] }
  t.same(
    violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`),
    [],
    `${name}: axe finds nothing`,
  )
  for (const width of [1280, 375]) {
    await page.setViewportSize({ width, height: 900 })
    const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    t.ok(Number(over) <= 0, `${name} at ${width} px does not scroll sideways`)
    await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true })
  }
  await page.setViewportSize({ width: 1280, height: 900 })
}

/** Opens a page as one that has been here before: the very first visit is asked for again in the reader's time zone. */
export async function arrive(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.waitForFunction(`document.documentElement.dataset.zone === ${JSON.stringify(zone)}`)
}

export async function send({ relay }: Program, to: string, more: object = {}): Promise<string> {
  const transport = createTransport({ ...relay, secure: false, ignoreTLS: true })
  try {
    return (await transport.sendMail({ from: '"Shop" <news@shop.example>', to, subject: 'Your order', text: 'Hello', ...more })).response
  } catch (err) {
    return (err as { response?: string }).response ?? String(err)
  } finally {
    transport.close()
  }
}

/** Asks for the page again until it says something; what a filter offers does not count. */
export async function waitFor(page: Page, text: string): Promise<void> {
  await until(
    async () => {
      await page.reload()
      return page.locator('tbody, .why, .paging').getByText(text).count()
    },
    count => count > 0,
  )
}
