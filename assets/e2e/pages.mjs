// Every page of the administration, how to know that it is there, and a dialog of it worth looking at.
const row = (page) => page.locator('tbody tr').first().waitFor()

export function pagesOf(clinic) {
  return [
    { name: 'home', path: '/admin', ready: (page) => page.locator('.figures li').first().waitFor() },
    { name: 'connections', path: '/admin/connections', ready: row },
    { name: 'users', path: '/admin/users', ready: row },
    { name: 'user-new', path: '/admin/users', ready: row, open: (page) => page.locator('main header button').last().click() },
    { name: 'user', path: `/admin/users/${clinic.ids.alice}`, ready: (page) => page.locator('main form').waitFor() },
    { name: 'user-sessions', path: `/admin/users/${clinic.ids.alice}?tab=sessions`, ready: row },
    { name: 'user-permissions', path: `/admin/users/${clinic.ids.alice}?tab=permissions`, ready: (page) => page.locator('main section.card').first().waitFor() },
    { name: 'roles', path: '/admin/roles', ready: row },
    { name: 'invitations', path: '/admin/invitations', ready: row },
    { name: 'channels', path: '/admin/channels', ready: row },
    { name: 'channel', path: `/admin/channels/${clinic.channels['ward 3']}`, ready: (page) => page.locator('main form').waitFor() },
    { name: 'channel-members', path: `/admin/channels/${clinic.channels['ward 3']}?tab=members`, ready: row },
    { name: 'messages', path: '/admin/messages', ready: (page) => page.locator('article').first().waitFor() },
    { name: 'messages-find', path: '/admin/messages?tab=find', ready: (page) => page.locator('main form').waitFor() },
    { name: 'messages-words', path: '/admin/messages?tab=words', ready: row },
    { name: 'audit', path: '/admin/audit', ready: row },
    { name: 'exports', path: '/admin/exports', ready: (page) => page.locator('main .empty').waitFor() },
    { name: 'settings', path: '/admin/settings', ready: (page) => page.locator('.setting').first().waitFor() },
    { name: 'about', path: '/admin/about', ready: (page) => page.locator('.facts').first().waitFor() },
    { name: 'unknown', path: '/admin/nothing/here', ready: (page) => page.locator('.empty').waitFor() },
    { name: 'start', path: '/', ready: (page) => page.locator('h1').waitFor() }
  ]
}
