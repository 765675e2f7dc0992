// The journeys. Each waits for what it expects, never for a time.
import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { signIn } from './browser.mjs'
import { pagesOf } from './pages.mjs'
import { admin, ask, good, others } from './server.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const toast = (page, text) => page.locator('.toast', { hasText: text }).first().waitFor()
const dialog = (page) => page.locator('dialog[open]').last()

async function asAdmin(open, path, options) {
  const visit = await open(options)
  await signIn(visit.page, admin.username, admin.password, path)
  return visit
}

/** Runs axe in the page, past its content security policy as browsers do for their own tools. */
async function accessible(page, what) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    const session = await page.context().newCDPSession(page)
    await session.send('Runtime.evaluate', { expression: axe })
  }
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'], resultTypes: ['violations'] }))
  return found.violations.map((one) => `${what}: ${one.id}: ${one.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ').slice(0, 400)}`)
}

export const tests = [
  {
    name: 'sign-in: a wrong password, then the right one, then out',
    async run({ open }) {
      const { page } = await open()
      await page.goto('/admin/users')
      await page.locator('input[autocomplete=username]').fill(admin.username)
      await page.locator('input[autocomplete=current-password]').fill('not the password at all')
      await page.keyboard.press('Enter')
      await page.getByText('The name or the password is wrong.').waitFor()
      await page.locator('input[autocomplete=current-password]').fill(admin.password)
      await page.keyboard.press('Enter')
      // Where one wanted to go, one is.
      await page.locator('h1', { hasText: 'People' }).waitFor()
      assert.equal(await page.title(), 'People · MCP Messenger')
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.locator('input[autocomplete=current-password]').waitFor()
      assert.equal(await page.evaluate(() => fetch('/api/auth/me').then((answer) => answer.status)), 401)
    }
  },
  {
    name: 'users: add, find, edit, deactivate, delete and undo',
    async run({ open, server }) {
      const { page } = await asAdmin(open, '/admin/users')
      await page.getByRole('button', { name: 'Add a person' }).click()
      await dialog(page).getByLabel('Username').fill('petra')
      await dialog(page).getByLabel('First name').fill('Petra')
      await dialog(page).getByRole('button', { name: 'Create the account' }).click()
      const password = await dialog(page).locator('code').innerText()
      assert.equal((await ask(server, 'POST', '/api/auth/login', { username: 'petra', password })).status, 200)
      await dialog(page).getByRole('button', { name: 'Done' }).click()
      await page.getByRole('searchbox').fill('petr')
      await page.getByText('1 in all').waitFor()
      await page.getByRole('link', { name: 'petra' }).click()
      await page.locator('main form').getByLabel('Last name').fill('Novák')
      await page.locator('main form').getByLabel('Role').selectOption('moderator')
      await page.getByRole('button', { name: 'Save' }).click()
      await toast(page, 'Saved')
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: 'Deactivate' }).click()
      await dialog(page).getByRole('button', { name: 'Deactivate' }).click()
      await page.getByText('Deactivated', { exact: true }).waitFor()
      assert.equal((await ask(server, 'POST', '/api/auth/login', { username: 'petra', password })).status, 401)
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: 'Delete the account' }).click()
      // What cannot be undone for long has to be typed.
      assert.equal(await dialog(page).getByRole('button', { name: 'Delete the account' }).isDisabled(), true)
      await dialog(page).getByRole('textbox').fill('petra')
      await dialog(page).getByRole('button', { name: 'Delete the account' }).click()
      await page.locator('.toast').getByRole('button', { name: 'Undo' }).click()
      await toast(page, 'The account is back')
    }
  },
  {
    name: 'users: faults of a field stand at the field and nothing is lost',
    async run({ open }) {
      const { page } = await asAdmin(open, '/admin/users')
      await page.getByRole('button', { name: 'Add a person' }).click()
      await dialog(page).getByLabel('Username').fill('alice')
      await dialog(page).getByLabel('First name').fill('Another')
      await dialog(page).getByRole('button', { name: 'Create the account' }).click()
      await dialog(page).getByText('Another account has that username.').waitFor()
      assert.equal(await dialog(page).getByLabel('First name').inputValue(), 'Another')
      await dialog(page).getByLabel('E-mail address').fill('no address')
      await dialog(page).getByLabel('Username').fill('alicia')
      await dialog(page).getByRole('button', { name: 'Create the account' }).click()
      await dialog(page).locator('[aria-invalid]').first().waitFor()
    }
  },
  {
    name: 'two administrators edit the same thing',
    async run({ open, server, clinic }) {
      const { page } = await asAdmin(open, `/admin/users/${clinic.ids.bob}`)
      const form = page.locator('main form')
      await form.getByLabel('First name').fill('Robert')
      await good(server, 'PUT', `/api/users/${clinic.ids.bob}`, { firstName: 'Bobby', lastName: 'Okafor-Lind' }, clinic.token)
      await page.getByRole('button', { name: 'Save' }).click()
      await dialog(page).getByText('Somebody else changed this too').waitFor()
      await dialog(page).getByText('Bobby').waitFor()
      await dialog(page).getByText('Robert').click()
      await dialog(page).getByRole('button', { name: 'Save this choice' }).click()
      await toast(page, 'Saved')
      const bob = await good(server, 'GET', `/api/users/${clinic.ids.bob}`, undefined, clinic.token)
      assert.deepEqual([bob.firstName, bob.lastName], ['Robert', 'Okafor-Lind'])
    }
  },
  {
    name: 'the session ends in the midst of work',
    async run({ open, server, clinic }) {
      const { page } = await asAdmin(open, `/admin/users/${clinic.ids.bob}`)
      await page.locator('main form').getByLabel('First name').fill('Robert')
      await good(server, 'POST', `/api/users/${clinic.ids.dora}/terminate-sessions`, { exceptCurrent: true }, clinic.token)
      await dialog(page).getByText('Please sign in again').waitFor()
      await dialog(page).locator('input[type=password]').fill(admin.password)
      await page.keyboard.press('Enter')
      await page.locator('dialog').waitFor({ state: 'detached' })
      assert.equal(await page.locator('main form').getByLabel('First name').inputValue(), 'Robert')
      await page.getByRole('button', { name: 'Save' }).click()
      await toast(page, 'Saved')
    }
  },
  {
    name: 'the screen is locked and opened',
    async run({ open }) {
      const { page } = await asAdmin(open, '/admin/users')
      await page.locator('tbody tr').first().waitFor()
      await page.getByRole('button', { name: 'Lock the screen' }).click()
      await dialog(page).getByText('Locked', { exact: true }).waitFor()
      assert.equal(await page.locator('tbody tr').first().isVisible(), false)
      await page.keyboard.press('Escape')
      await dialog(page).locator('input[type=password]').fill(admin.password)
      await page.keyboard.press('Enter')
      await page.locator('tbody tr').first().waitFor({ state: 'visible' })
    }
  },
  {
    name: 'channels: make, fill, archive, delete and restore',
    async run({ open }) {
      const { page } = await asAdmin(open, '/admin/channels')
      await page.getByRole('button', { name: 'New channel' }).click()
      await dialog(page).getByLabel('Name').fill('physio')
      await dialog(page).getByLabel('Tags').fill('Rehab, sport')
      await dialog(page).getByRole('button', { name: 'Create the channel' }).click()
      await page.locator('h1', { hasText: 'physio' }).waitFor()
      await page.getByRole('tab', { name: 'Members' }).click()
      await page.getByRole('combobox', { name: 'Add a person' }).fill('ines')
      await page.getByRole('option', { name: /ines/ }).click()
      await toast(page, 'ines is in the channel')
      await page.getByRole('combobox', { name: 'Standing of ines' }).selectOption('moderator')
      await toast(page, 'Saved')
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: 'Archive' }).click()
      await dialog(page).getByRole('button', { name: 'Archive' }).click()
      await page.locator('main header').getByText('Archived').waitFor()
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      await dialog(page).getByRole('textbox').fill('physio')
      await dialog(page).getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: 'Restore' }).click()
      await toast(page, 'The channel is back')
    }
  },
  {
    name: 'messages: review a flag, reveal for a reason, filter a word',
    async run({ open, server, clinic }) {
      const { page } = await asAdmin(open, '/admin/messages')
      await page.getByText('Please have a look at the tone.').waitFor()
      await page.getByRole('button', { name: 'Delete the message' }).click()
      await dialog(page).getByRole('button', { name: 'Delete the message' }).click()
      await page.getByText('Nothing waits for review').waitFor()
      await page.getByRole('tab', { name: 'Find a message' }).click()
      await page.getByRole('textbox', { name: 'Id of the message' }).fill(clinic.messages.phi)
      await page.getByRole('button', { name: 'Reveal…' }).click()
      await dialog(page).getByRole('button', { name: 'Record and reveal' }).click()
      await dialog(page).getByRole('alert').waitFor()
      await dialog(page).getByLabel('Reason').selectOption('investigation')
      await dialog(page).getByRole('button', { name: 'Record and reveal' }).click()
      await page.getByText('potassium is 6.1').waitFor()
      const rows = await good(server, 'GET', `/api/audit?resource=${clinic.messages.phi}`, undefined, clinic.token)
      assert.ok(rows.some((row) => /reveal/.test(row.action) && row.userId === clinic.ids.dora), JSON.stringify(rows.map((row) => row.action)))
      await page.getByRole('tab', { name: 'Word filter' }).click()
      await page.getByLabel('Word', { exact: true }).fill('blast')
      await page.getByRole('button', { name: 'Add' }).click()
      await page.getByRole('cell', { name: 'blast', exact: true }).waitFor()
    }
  },
  {
    name: 'connections: disconnect a device; audit: filter and open a row',
    async run({ open, server, clinic }) {
      const { page } = await asAdmin(open, '/admin/connections')
      const other = await asAdmin(open, '/admin/about')
      await other.page.getByText('Live', { exact: true }).waitFor()
      await page.locator('tbody tr').nth(1).waitFor()
      const mine = page.locator('tbody tr', { hasText: 'this device' })
      await mine.first().waitFor()
      await page.locator('tbody tr').filter({ hasNotText: 'this device' }).getByRole('button', { name: /Actions/ }).first().click()
      await page.getByRole('menuitem', { name: 'Disconnect' }).click()
      await dialog(page).getByRole('button', { name: 'Disconnect' }).click()
      await toast(page, 'Disconnected')
      await other.page.getByText('Not live: the connection was ended').waitFor()
      await page.goto('/admin/audit?kind=users')
      await page.getByText('users.create').first().waitFor()
      await page.locator('tbody button').first().click()
      await dialog(page).getByText('users.').first().waitFor()
      void server
      void clinic
    }
  },
  {
    name: 'settings: change, see who did, go back; a wrong value is told',
    async run({ open, server, clinic }) {
      const { page } = await asAdmin(open, '/admin/settings')
      const open_ = page.getByRole('switch', { name: 'Anybody may make an account' })
      await open_.click()
      await toast(page, 'Saved')
      assert.equal((await good(server, 'GET', '/api/settings/registration.open', undefined, clinic.token)).value, true)
      const minutes = page.locator('[data-name="security.autoLockMinutes"]')
      await minutes.getByRole('textbox').fill('481')
      await minutes.getByRole('button', { name: 'Save' }).click()
      await minutes.getByRole('alert').waitFor()
      await minutes.getByRole('textbox').fill('20')
      await minutes.getByRole('button', { name: 'Save' }).click()
      await minutes.getByText('Changed by dora').waitFor()
    }
  },
  {
    name: 'roles: preview a change and save it; another one meanwhile is shown',
    async run({ open, server, clinic }) {
      const { page } = await asAdmin(open, '/admin/roles')
      const cell = page.getByRole('checkbox', { name: 'Moderator: Read the audit log' })
      await cell.check()
      await page.getByRole('button', { name: 'What would change?' }).click()
      await dialog(page).getByText('1 person is affected.').waitFor()
      await dialog(page).getByRole('button', { name: 'Save this' }).click()
      await toast(page, 'Saved')
      const moderator = (await good(server, 'GET', '/api/roles', undefined, clinic.token)).find((role) => role.name === 'moderator')
      assert.ok(moderator.permissions.includes('audit.read'))
      await page.getByRole('checkbox', { name: 'Moderator: See the settings' }).check()
      await good(server, 'PUT', '/api/roles/matrix', { roles: { [moderator.id]: moderator.permissions.filter((one) => one !== 'audit.read') } }, clinic.token)
      await page.getByRole('button', { name: 'What would change?' }).click()
      await dialog(page).getByRole('button', { name: 'Save this' }).click()
      await dialog(page).getByText('Somebody else changed this too').waitFor()
      await dialog(page).getByRole('button', { name: 'Cancel' }).click()
    }
  },
  {
    name: 'a role without a permission sees neither page nor data',
    async run({ open }) {
      const { page } = await open()
      await signIn(page, 'mona', others, '/admin/audit')
      await page.getByText('Your role does not allow this page.').waitFor()
      assert.equal(await page.getByRole('link', { name: 'Audit log' }).count(), 0)
      assert.equal(await page.getByRole('link', { name: 'Settings' }).count(), 0)
      assert.deepEqual(await page.evaluate(() => Promise.all(['/api/audit', '/api/settings', '/api/connections'].map((path) => fetch(path).then((answer) => answer.status)))), [403, 403, 403])
    }
  },
  {
    name: 'by keyboard alone: skip link, menu, dialog, table',
    async run({ open }) {
      const { page } = await asAdmin(open, '/admin/users')
      await page.locator('tbody tr').first().waitFor()
      // Going somewhere moves the focus to the heading.
      await page.getByRole('link', { name: 'Channels' }).focus()
      await page.keyboard.press('Enter')
      await page.locator('h1', { hasText: 'Channels' }).waitFor()
      await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
      await page.goBack()
      await page.locator('tbody tr').first().waitFor()
      await page.evaluate(() => document.body.focus())
      await page.locator('.skip').focus()
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.activeElement?.id === 'content')
      // Up and down in the table.
      await page.locator('tbody a').first().focus()
      await page.keyboard.press('ArrowDown')
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'bob')
      await page.keyboard.press('End')
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'zoe')
      // A dialog keeps the focus and gives it back.
      const add = page.getByRole('button', { name: 'Add a person' })
      await add.focus()
      await page.keyboard.press('Enter')
      await dialog(page).waitFor()
      for (let presses = 0; presses < 30; presses++) {
        await page.keyboard.press('Tab')
        assert.ok(await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement?.closest('dialog'))), 'the focus left the dialog')
      }
      await page.keyboard.press('Escape')
      await page.locator('dialog').waitFor({ state: 'detached' })
      await page.waitForFunction(() => document.activeElement?.textContent?.includes('Add a person'))
    }
  },
  {
    name: 'reflow at 320 px and at 200 % text: nothing is cut off sideways',
    async run({ open, clinic }) {
      const { page } = await asAdmin(open, '/admin', { viewport: { width: 320, height: 640 } })
      const faults = []
      for (const size of ['normal', 'larger']) {
        await page.evaluate((chosen) => localStorage.setItem('mcpm.size', chosen), size)
        for (const place of pagesOf(clinic)) {
          await page.goto(place.path)
          await place.ready(page)
          // WCAG 2.1, 1.4.10; 150 % of the app's own size on a window of 320 px is 480 % of what a desktop shows.
          const [content, view] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
          if (content > view + 1) faults.push(`${place.name} is ${content} px wide at ${size} text`)
        }
      }
      assert.deepEqual(faults, [])
    }
  },
  {
    name: 'languages: direction, texts, no key left over',
    async run({ open, clinic }) {
      const { page } = await asAdmin(open, '/admin', { language: 'ar' })
      assert.equal(await page.evaluate(() => document.documentElement.dir), 'rtl')
      for (const place of pagesOf(clinic)) {
        await page.goto(place.path)
        await place.ready(page)
        const text = await page.locator('body').innerText()
        assert.ok(!/\{\w+\}/.test(text), `${place.name} shows a placeholder`)
        assert.match(text, /\p{Script=Arabic}/u)
      }
      const [side, main] = await page.goto('/admin/users').then(() => page.locator('tbody tr').first().waitFor()).then(() => Promise.all([page.locator('#side').boundingBox(), page.locator('main').boundingBox()]))
      assert.ok(side.x > main.x, 'the navigation stands on the right')
    }
  },
  ...['light', 'dark', 'contrast'].flatMap((theme) =>
    ['en', 'ar'].map((language) => ({
      name: `axe: every page, ${theme}, ${language}`,
      async run({ open, clinic }) {
        const visit = await open({ theme, language })
        await visit.page.goto('/admin')
        await visit.page.locator('input[autocomplete=username]').waitFor()
        const faults = await accessible(visit.page, 'sign-in')
        await signIn(visit.page, admin.username, admin.password)
        for (const place of pagesOf(clinic)) {
          await visit.page.goto(place.path)
          await place.ready(visit.page)
          if (place.open) {
            await place.open(visit.page)
            await dialog(visit.page).waitFor()
          }
          faults.push(...(await accessible(visit.page, place.name)))
        }
        assert.deepEqual(faults, [])
      }
    }))
  ),
  {
    name: 'axe: a phone, and forced colours',
    async run({ open, clinic }) {
      const { page } = await asAdmin(open, '/admin', { viewport: { width: 390, height: 844 }, forcedColors: 'active' })
      await page.getByRole('button', { name: 'Menu' }).click()
      await page.locator('nav a').first().waitFor({ state: 'visible' })
      const faults = await accessible(page, 'drawer')
      await page.keyboard.press('Escape')
      for (const place of pagesOf(clinic)) {
        await page.goto(place.path)
        await place.ready(page)
        faults.push(...(await accessible(page, place.name)))
      }
      assert.deepEqual(faults, [])
    }
  }
]
