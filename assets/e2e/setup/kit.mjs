// A new server nobody has set up, a browser that fails a test in which a page breaks its content security policy or
// throws, and axe.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import https from 'node:https'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const root = join(import.meta.dirname, '../../..')
const program = process.env.MCPM_PROGRAM ?? join(root, 'target/debug/mcp-messenger')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const places = [process.env.MCPM_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The program, in a folder of its own; `code` is the one-time code of its set-up. */
export async function start(settings = {}) {
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build`)
  const folder = mkdtempSync(join(tmpdir(), 'mcpm-setup-'))
  const data = join(folder, 'data')
  const server = { url: '', code: '', port: '0' }
  server.up = async () => {
    const words = process.env.MCPM_WEB_DIR ? ['--web-dir', process.env.MCPM_WEB_DIR] : []
    rmSync(join(data, 'url.txt'), { force: true })
    const child = spawn(program, words, { cwd: folder, stdio: 'ignore', env: { PATH: process.env.PATH, DATA_DIR: data, PORT: server.port, BIND_ADDRESS: '127.0.0.1', LOG_LEVEL: 'error', ...settings } })
    server.child = child
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
      try {
        server.url = readFileSync(join(data, 'url.txt'), 'utf8').trim()
        server.port = new URL(server.url).port
        const agent = new https.Agent({ ca: readFileSync(join(data, 'tls/ca.pem')) })
        await new Promise((resolve, reject) => https.get(`${server.url}/health`, { agent }, (answer) => (answer.resume(), resolve())).on('error', reject))
        break
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    if (existsSync(join(data, 'setup-code.txt'))) server.code = readFileSync(join(data, 'setup-code.txt'), 'utf8').trim().split(/\s+/).find((word) => /^[A-Z0-9-]{20,}$/.test(word)) ?? ''
  }
  server.down = async () => {
    const { child } = server
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
  }
  server.remove = async () => {
    await server.down()
    rmSync(folder, { recursive: true, force: true })
  }
  await server.up()
  return server
}

export async function launch() {
  const executablePath = places.find((place) => place && existsSync(place))
  if (!executablePath) throw new Error('There is no Chromium here: install it, or name it in MCPM_CHROMIUM.')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] })
}

/** Somebody's browser; `faults` are what its pages did that no page may do. */
export async function visit(browser, url, { theme, language, size, ...options } = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, baseURL: url, locale: 'en-GB', viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options })
  const faults = []
  await context.addInitScript((chosen) => {
    addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
    if (location.protocol !== 'https:') return
    for (const [key, value] of Object.entries(chosen)) if (value && !localStorage.getItem(`mcpm.${key}`)) localStorage.setItem(`mcpm.${key}`, value)
  }, { theme, language, size })
  context.on('page', (page) => {
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.stack ?? error}`))
    page.on('console', (message) => {
      if (message.type() === 'error' && /^CSP: |Content Security Policy|TrustedHTML|TrustedScript/.test(message.text())) faults.push(`${page.url()}: ${message.text()}`)
    })
  })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  return { context, page, faults }
}

/** What axe finds, WCAG 2.1 A and AA; run outside the page's own policy. */
export async function accessible(page, where) {
  const session = await page.context().newCDPSession(page)
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: (await session.send('Page.getFrameTree')).frameTree.frame.id, worldName: 'axe' })
  const ask = (expression) => session.send('Runtime.evaluate', { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true })
  await ask(axe)
  const { result, exceptionDetails } = await ask(`axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then((found) => found.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).slice(0, 3).join(' | ')))`)
  await session.detach()
  if (exceptionDetails) throw new Error(`axe: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`)
  if (result.value.length > 0) throw new Error(`${where}: ${result.value.join('\n')}`)
}

/** Nothing has to be scrolled sideways (WCAG 1.4.10). */
export async function fits(page, where) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (over > 0) throw new Error(`${where}: ${over} px too wide`)
}
