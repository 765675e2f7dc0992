// A browser that fails every test in which a page breaks its own content security policy or throws.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const places = [process.env.MCPM_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export async function launch() {
  const executablePath = places.find((place) => place && existsSync(place))
  if (!executablePath) throw new Error('There is no Chromium here: install it (apt-get install chromium), or name it in MCPM_CHROMIUM.')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] })
}

/** A context of its own: cookies, storage, and a list of what went wrong in it. */
export async function visit(browser, url, options = {}) {
  const { theme, language, size, ...rest } = options
  const context = await browser.newContext({ ignoreHTTPSErrors: true, baseURL: url, viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...rest })
  const faults = []
  await context.addInitScript((chosen) => {
    addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile ?? ''}:${event.lineNumber} ${event.sample}`))
    // A page that is still empty has no storage.
    if (location.protocol !== 'https:') return
    for (const [key, value] of Object.entries(chosen)) if (value && !localStorage.getItem(`mcpm.${key}`)) localStorage.setItem(`mcpm.${key}`, value)
  }, { theme, language, size })
  const watch = (page) => {
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.stack ?? error}`))
    page.on('console', (message) => {
      if (message.type() !== 'error') return
      const text = message.text()
      // Refusals are part of the tests; the browser writes each answer that is no success to the console.
      if (/^CSP: |Content Security Policy|TrustedHTML|TrustedScript/.test(text)) faults.push(`${page.url()}: ${text}`)
    })
  }
  context.on('page', watch)
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  return { context, page, faults }
}

export async function signIn(page, username, password, path = '/admin') {
  await page.goto(path)
  await page.locator('input[autocomplete=username]').fill(username)
  await page.locator('input[autocomplete=current-password]').fill(password)
  await page.locator('form button[type=submit]').click()
  await page.locator('#content h1').waitFor()
}
