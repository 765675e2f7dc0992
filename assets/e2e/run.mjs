// Journeys through the pages in a real browser, against the real program.
//
//   npm run e2e                 every test
//   npm run e2e -- users axe    those whose name contains one of the words
//   npm run screenshots         pictures of every page into assets/screenshots
//
// MCPM_PROGRAM names the program; target/debug/mcp-messenger of this repository otherwise.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { launch, signIn, visit } from './browser.mjs'
import { pagesOf } from './pages.mjs'
import { admin, furnish, start } from './server.mjs'

const root = join(import.meta.dirname, '../..')
const program = process.env.MCPM_PROGRAM ?? join(root, 'target/debug/mcp-messenger')
if (!existsSync(program)) throw new Error(`${program} is missing: cargo build`)
const words = process.argv.slice(2)

const browser = await launch()
let failed = 0
let passed = 0

async function screenshots() {
  const server = await start(program)
  try {
    const clinic = await furnish(server)
    const folder = join(import.meta.dirname, '../screenshots')
    mkdirSync(folder, { recursive: true })
    const looks = {
      desktop: {},
      phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
      dark: { theme: 'dark' },
      arabic: { language: 'ar' },
      contrast: { theme: 'contrast' }
    }
    for (const [name, options] of Object.entries(looks)) {
      const { context, page } = await visit(browser, server.url, options)
      await page.goto('/admin')
      await page.locator('input[autocomplete=username]').waitFor()
      await page.screenshot({ path: join(folder, `signin-${name}.png`) })
      await signIn(page, admin.username, admin.password)
      for (const place of pagesOf(clinic)) {
        await page.goto(place.path)
        await place.ready(page)
        if (place.open) await place.open(page)
        await page.screenshot({ path: join(folder, `${place.name}-${name}.png`), fullPage: !place.open })
      }
      await context.close()
      console.log(`screenshots: ${name}`)
    }
  } finally {
    server.stop()
  }
}

async function suite() {
  const { tests } = await import('./tests.mjs')
  const wanted = tests.filter((test) => words.length === 0 || words.some((word) => test.name.includes(word)))
  // Tests change what they find, so each gets a clinic of its own.
  for (const test of wanted) {
    const began = Date.now()
    let server
    const visits = []
    try {
      server = await start(program)
      const clinic = await furnish(server)
      const open = async (options) => {
        const one = await visit(browser, server.url, options)
        visits.push(one)
        return one
      }
      await test.run({ server, clinic, open, browser })
      const faults = visits.flatMap((one) => one.faults)
      if (faults.length > 0) throw new Error(`what the pages complained of:\n${faults.join('\n')}`)
      passed++
      console.log(`ok      ${test.name} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
    } catch (error) {
      failed++
      const folder = join(import.meta.dirname, '../screenshots')
      mkdirSync(folder, { recursive: true })
      for (const [at, one] of visits.entries()) await one.page.screenshot({ path: join(folder, `failed-${test.name.replace(/\W+/g, '-')}-${at}.png`) }).catch(() => {})
      console.log(`test ${test.name} ... FAILED\n${error.stack ?? error}`)
    } finally {
      for (const one of visits) await one.context.close().catch(() => {})
      server?.stop()
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
}

try {
  if (words[0] === 'screenshots') await screenshots()
  else await suite()
} finally {
  await browser.close()
}
process.exit(failed > 0 ? 1 : 0)
