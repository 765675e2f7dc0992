// The set-up, the invitation and the trust page in a real browser, against the real program.
//
//   npm run e2e:setup                  every test
//   npm run e2e:setup -- code trust    those whose name contains one of the words
//   npm run e2e:setup -- screenshots   pictures of every page into assets/screenshots
//
// MCPM_PROGRAM names the program, MCPM_WEB_DIR a folder with the pages to use instead of those inside it.
import { join } from 'node:path'
import { launch, start, visit } from './kit.mjs'
import { pictures, tests } from './tests.mjs'

const words = process.argv.slice(2)
const folder = join(import.meta.dirname, '../../screenshots')
const browser = await launch()
let passed = 0
let failed = 0

async function one(name, settings, run) {
  const began = Date.now()
  const server = await start(settings)
  const visits = []
  const open = async (options) => {
    const made = await visit(browser, server.url, options)
    visits.push(made)
    return made
  }
  try {
    await run({ server, open })
    const faults = visits.flatMap((made) => made.faults)
    if (faults.length > 0) throw new Error(`what no page may do:\n${faults.join('\n')}`)
    passed++
    console.log(`ok      ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
  } catch (error) {
    failed++
    for (const [at, made] of visits.entries()) await made.page.screenshot({ path: join(folder, `failed-${name.replace(/\W+/g, '-')}-${at}.png`) }).catch(() => undefined)
    console.log(`test ${name} ... FAILED\n${error.stack ?? error}`)
  } finally {
    for (const made of visits) await made.context.close().catch(() => undefined)
    await server.remove()
  }
}

try {
  if (words[0] === 'screenshots') {
    const looks = { desktop: {}, phone: { viewport: { width: 390, height: 844 } }, dark: { theme: 'dark' }, arabic: { language: 'ar' }, contrast: { theme: 'contrast', language: 'es' } }
    for (const [name, options] of Object.entries(looks)) await one(`pictures: ${name}`, {}, (given) => pictures({ ...given, folder, name, options }))
  } else {
    for (const test of tests) if (words.length === 0 || words.some((word) => test.name.includes(word))) await one(test.name, test.server ?? {}, test.run)
  }
} finally {
  await browser.close()
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
