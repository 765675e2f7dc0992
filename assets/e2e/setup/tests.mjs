import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { accessible, fits } from './kit.mjs'

const password = 'nine quiet herons at dusk'
const next = (page) => page.locator('form button[type=submit]')

/** Counts what a person does: main buttons pressed and fields filled in. */
function hands(page) {
  const count = { actions: 0, fields: 0 }
  return {
    count,
    async press(locator) {
      count.actions++
      await locator.click()
    },
    async fill(locator, text) {
      count.fields++
      await locator.fill(text)
    },
    page
  }
}

/** The wizard from its link to its last page; `look` is called on each. */
async function setUp(page, server, { people = 'Ana Núñez\nسارة أحمد', look = async () => {} } = {}) {
  const hand = hands(page)
  await page.goto(`/setup#code=${server.code}`)
  await next(page).waitFor()
  assert.equal(new URL(page.url()).hash, '', 'the code stays in no address')
  await look('start')
  await hand.press(next(page))
  await page.locator('input[autocomplete=organization]').waitFor()
  await hand.fill(page.locator('input[autocomplete=organization]'), 'North Clinic')
  await look('clinic')
  await hand.press(next(page))
  await page.locator('input[autocomplete=new-password]').waitFor()
  await hand.fill(page.locator('input[autocomplete=username]'), 'dora')
  await hand.fill(page.locator('input[autocomplete=new-password]'), password)
  await look('administrator')
  await hand.press(next(page))
  const later = page.locator('main > .row .quiet')
  await page.locator('#recovery-key').or(later).first().waitFor()
  if (await later.isVisible()) {
    await look('factor')
    await later.click()
  }
  await page.locator('#recovery-key').waitFor()
  const kit = page.locator('section[aria-labelledby=recovery-key] button')
  if (await kit.isVisible()) {
    await kit.click()
    const key = (await page.locator('.key code').innerText()).replace(/[\s-]/g, '')
    await hand.fill(page.locator('section[aria-labelledby=recovery-key] input').last(), key.slice(-6))
    await page.locator('section[aria-labelledby=recovery-key] .notice.ok').waitFor()
  }
  await look('safety')
  await hand.press(next(page))
  await page.locator('textarea').waitFor()
  await hand.fill(page.locator('textarea'), people)
  await look('people')
  await hand.press(next(page))
  await page.locator('section[aria-labelledby=next]').waitFor()
  await look('done')
  return hand.count
}

const links = (page) => page.locator('section[aria-labelledby=cards] code').allInnerTexts()

export const tests = [
  {
    name: 'the first ten minutes, to the first sign-in of a second person',
    async run({ server, open }) {
      const began = Date.now()
      const { page } = await open()
      const count = await setUp(page, server)
      const [ana] = await links(page)
      assert.match(ana, /\/join#invitation=.+&username=ana\.nunez/)
      assert.equal((await page.request.get(`${server.url}/setup`)).status(), 404, 'the way in is closed')
      const second = await open({ viewport: { width: 390, height: 844 } })
      await second.page.goto(`/join${new URL(ana).hash}`)
      await second.page.locator('input[autocomplete=new-password]').fill('seven grey geese over the bay')
      assert.equal(new URL(second.page.url()).hash, '', 'the token stays in no address')
      assert.match(await second.page.locator('main').innerText(), /North Clinic/)
      await next(second.page).click()
      await second.page.locator('main .notice.ok').waitFor()
      const me = await (await second.page.request.get(`${server.url}/api/auth/me`)).json()
      assert.deepEqual([me.user.username, me.user.firstName, me.user.lastName, me.user.role], ['ana.nunez', 'Ana', 'Núñez', 'user'])
      // Who comes back is still signed in; the same card works no second time.
      await second.page.reload()
      await second.page.locator('main .notice.ok').waitFor()
      const third = await open()
      await third.page.goto(`/join${new URL(ana).hash}`)
      await third.page.locator('[aria-invalid]').waitFor()
      const seconds = Math.round((Date.now() - began) / 1000)
      console.log(`wizard: ${count.actions} actions, ${count.fields} fields, ${seconds} seconds`)
      assert.ok(count.actions <= 6 && count.fields <= 25 && seconds < 600)
    }
  },
  {
    name: 'a wrong code says so, lets nobody in, and the right one then does',
    async run({ server, open }) {
      const { page } = await open()
      await page.goto('/setup')
      await next(page).click()
      await page.locator('[aria-invalid]').waitFor()
      await page.locator('form input:not([type=radio])').fill('AAAAA-AAAAA-AAAAA-AAAAA')
      await next(page).click()
      // Where only making the account asks for the code, it is told there.
      const name = page.locator('input[autocomplete=organization]')
      await page.locator('[aria-invalid]').or(name).first().waitFor()
      if (await name.isVisible()) {
        await name.fill('North Clinic')
        await next(page).click()
        await page.locator('input[autocomplete=username]').fill('dora')
        await page.locator('input[autocomplete=new-password]').fill(password)
        await next(page).click()
        await page.locator('[aria-invalid]').waitFor()
      }
      assert.equal((await page.request.get(`${server.url}/api/auth/me`)).status(), 401)
      await page.evaluate(() => sessionStorage.clear())
      await page.goto('about:blank')
      await setUp(page, server)
    }
  },
  {
    name: 'a connection lost in the middle of a form loses nothing, and a closed page goes on where it stopped',
    async run({ server, open }) {
      const { page } = await open()
      await page.goto(`/setup#code=${server.code}`)
      await next(page).click()
      await page.locator('input[autocomplete=organization]').fill('North Clinic')
      await next(page).click()
      await page.locator('input[autocomplete=username]').fill('dora')
      await page.locator('input[autocomplete=new-password]').fill(password)
      await server.down()
      await next(page).click()
      await page.locator('.notice.warn').waitFor()
      assert.equal(await page.locator('input[autocomplete=username]').inputValue(), 'dora')
      assert.equal(await page.locator('input[autocomplete=new-password]').inputValue(), password)
      await server.up()
      await page.locator('.notice.warn').waitFor({ state: 'detached' })
      await next(page).click()
      // The restarted server has a new code, and takes it here.
      const later = page.locator('main > .row .quiet')
      const wrong = page.locator('input[aria-invalid]')
      await page.locator('#recovery-key').or(later).or(wrong).first().waitFor()
      if (await wrong.isVisible()) {
        await wrong.fill(server.code)
        await next(page).click()
      }
      await page.locator('#recovery-key').or(later).first().waitFor()
      assert.equal(new URL(page.url()).pathname, '/welcome')
      await page.reload()
      await page.locator('#recovery-key').waitFor()
      await page.context().clearCookies()
      await page.reload()
      await page.locator('input[autocomplete=current-password]').waitFor()
      await page.locator('input[autocomplete=username]').fill('dora')
      await page.locator('input[autocomplete=current-password]').fill(password)
      await next(page).click()
      await page.locator('#recovery-key').waitFor()
    }
  },
  {
    name: 'a list of five thousand, with duplicates, in an old encoding, is reported line by line',
    async run({ server, open }) {
      const { page } = await open()
      await setUp(page, server, {
        people: '',
        look: async (place) => {
          if (place !== 'people') return
          const lines = Array.from({ length: 4_998 }, (_, n) => `Person ${n},person${n}`)
          const text = ['name,username', ...lines, 'Jos\xe9 N\xfa\xf1ez,jose', 'Again,PERSON7', 'One too many,late'].join('\r\n')
          const file = page.locator('input[type=file]')
          await file.setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') })
          await page.locator('.sum.bad').waitFor()
          assert.match(await page.locator('.sum').first().innerText(), /4,999/)
          assert.match(await page.locator('tbody tr').first().innerText(), /5,?001\s+Again\s+PERSON7\s+.*9/)
          assert.equal(await page.locator('.notice.warn').count(), 2, 'the encoding, and the one that is too many')
          assert.match(await page.locator('textarea').inputValue(), /José Núñez/)
          await file.setInputFiles({ name: 'people.xlsx', mimeType: 'application/zip', buffer: Buffer.from('PK\x03\x04') })
          await page.locator('.notice.danger').waitFor()
          await page.locator('textarea').fill('')
        }
      })
    }
  },
  {
    name: 'the trust page tests the device and says what is wrong',
    server: { INITIAL_ADMIN_USERNAME: 'dora', INITIAL_ADMIN_PASSWORD: password },
    async run({ server, open }) {
      const { page } = await open({ userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0' })
      await page.goto('/trust')
      // The certificate was clicked away, not trusted: the page is safe, a service worker is refused.
      await page.locator('[data-check=secure][data-state=ok]').waitFor()
      await page.locator('[data-check=worker][data-state=bad]').waitFor()
      await page.locator('[data-check=clock][data-state=ok]').waitFor()
      assert.match(await page.locator('details[open]').innerText(), /certutil -addstore/)
      assert.equal(await page.locator('#hsts').count(), 0, 'not for visitors')
      await page.request.post(`${server.url}/api/auth/login`, { data: { username: 'dora', password }, headers: { Origin: server.url, 'Sec-Fetch-Site': 'same-origin' } })
      await page.reload()
      await page.locator('section[aria-labelledby=hsts] button').click()
      await page.locator('dialog footer button').last().click()
      await page.locator('dialog').waitFor({ state: 'detached' })
      const header = async () => (await page.request.get(`${server.url}/trust`)).headers()['strict-transport-security']
      assert.match(await header(), /max-age=31536000/)
      await page.request.put(`${server.url}/api/settings/security.hsts`, { data: { value: false }, headers: { Origin: server.url, 'Sec-Fetch-Site': 'same-origin' } })
      assert.match(await header(), /max-age=0/)
    }
  },
  ...['light', 'dark', 'contrast'].flatMap((theme) =>
    ['en', 'ar'].map((language) => ({
      name: `every page is accessible and fits 320 px and text of 200 %: ${theme}, ${language}`,
      async run({ server, open }) {
        const { page } = await open({ theme, language })
        const look = async (place) => {
          await accessible(page, place)
          await page.setViewportSize({ width: 320, height: 640 })
          await fits(page, `${place} at 320 px`)
          await page.setViewportSize({ width: 640, height: 900 })
          await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'))
          await fits(page, `${place} with text of 200 %`)
          await page.evaluate(() => document.documentElement.style.removeProperty('font-size'))
          await page.setViewportSize({ width: 1280, height: 900 })
        }
        await setUp(page, server, { look })
        const [link] = await links(page)
        await page.goto('/trust')
        await page.locator('ol').first().waitFor()
        await look('trust')
        await page.goto(`/join${new URL(link).hash}`)
        await page.locator('input[autocomplete=new-password]').waitFor()
        await look('join')
      }
    }))
  )
]

/** Pictures of every page, to be looked at. */
export async function pictures({ server, open, folder, name, options }) {
  mkdirSync(folder, { recursive: true })
  const { page } = await open(options)
  const look = (place) => page.screenshot({ path: join(folder, `setup-${place}-${name}.png`), fullPage: true })
  await setUp(page, server, { look })
  const [link] = await links(page)
  await page.goto('/trust')
  await page.locator('ol').first().waitFor()
  await look('trust')
  await page.goto(`/join${new URL(link).hash}`)
  await page.locator('input[autocomplete=new-password]').waitFor()
  await look('join')
}
