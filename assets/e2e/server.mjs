// The real program, started for the tests in a folder of its own, with a small clinic in it.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const admin = { username: 'dora', password: 'nine quiet herons at dusk' }
export const others = 'seven grey geese over the bay'

export async function start(program) {
  const folder = mkdtempSync(join(tmpdir(), 'mcpm-web-'))
  const data = join(folder, 'data')
  const child = spawn(program, [], {
    env: { ...process.env, DATA_DIR: data, PORT: '0', BIND_ADDRESS: '127.0.0.1', LOG_LEVEL: 'warn', INITIAL_ADMIN_USERNAME: admin.username, INITIAL_ADMIN_PASSWORD: admin.password },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  let over = false
  child.on('exit', () => (over = true))
  const stop = () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  for (let tries = 0; tries < 300; tries++) {
    if (over) break
    try {
      const url = readFileSync(join(data, 'url.txt'), 'utf8').trim()
      const ca = readFileSync(join(data, 'tls/ca.pem'))
      const agent = new https.Agent({ ca, keepAlive: true })
      if ((await ask({ url, agent }, 'GET', '/health')).status === 200) return { url, agent, stop, data }
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  stop()
  throw new Error(`the server did not start:\n${said}`)
}

/** One REST call, as a program makes it. */
export function ask(server, method, path, body, token) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const request = https.request(`${server.url}${path}`, { agent: server.agent, method, headers: { ...(text ? { 'content-type': 'application/json' } : {}), ...(token ? { authorization: `Bearer ${token}` } : {}) } }, (response) => {
      let answer = ''
      response.on('data', (chunk) => (answer += chunk))
      response.on('end', () => {
        let json = null
        try {
          json = JSON.parse(answer)
        } catch {
          // A page.
        }
        resolve({ status: response.statusCode, headers: response.headers, json })
      })
    })
    request.on('error', reject)
    request.end(text)
  })
}

export async function good(server, method, path, body, token) {
  const answer = await ask(server, method, path, body, token)
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`)
  return answer.json
}

const people = [
  ['alice', 'Alice', 'Moreno', 'user'], ['bob', 'Bob', 'Okafor', 'user'], ['mona', 'Mona', 'Lind', 'moderator'], ['samir', 'سمير', 'حداد', 'user'],
  ['ines', 'Inés', 'Castaño', 'user'], ['otto', 'Otto', 'Brandt', 'admin'], ['wei', 'Wei', 'Chen', 'user'], ['zoe', 'Zoë', 'Martin', 'user']
]

/** People, channels, messages: enough that no page is empty. */
export async function furnish(server) {
  const signedIn = await good(server, 'POST', '/api/auth/login', admin)
  const token = signedIn.token
  const ids = { dora: signedIn.user.id }
  for (const [username, firstName, lastName, role] of people) {
    ids[username] = (await good(server, 'POST', '/api/users', { username, password: others, firstName, lastName, role, email: `${username}@clinic.example` }, token)).id
  }
  await good(server, 'PUT', `/api/users/${ids.zoe}`, { status: 'inactive' }, token)
  const channels = {}
  for (const [name, isPrivate, category, tags, topic] of [['ward 3', true, 'wards', ['nursing'], 'Night shift'], ['reception', false, 'front', ['desk'], null], ['everybody', false, null, [], 'News of the clinic'], ['laboratory', true, 'services', ['results', 'urgent'], null]]) {
    channels[name] = (await good(server, 'POST', '/api/channels', { name, isPrivate, category, tags, topic, members: [ids.alice, ids.bob, ids.mona] }, token)).id
  }
  await good(server, 'PUT', '/api/settings/clinic.name', { value: 'North Clinic' }, token)
  const alice = (await good(server, 'POST', '/api/auth/login', { username: 'alice', password: others })).token
  const mona = (await good(server, 'POST', '/api/auth/login', { username: 'mona', password: others })).token
  const messages = {}
  messages.rude = (await good(server, 'POST', '/api/messages', { channelId: channels['ward 3'], text: 'This shift plan is a joke, whoever wrote it should be ashamed.' }, alice)).id
  messages.plain = (await good(server, 'POST', '/api/messages', { channelId: channels.everybody, text: 'The coffee machine works again.' }, alice)).id
  const elsewhere = (await good(server, 'POST', '/api/channels', { name: 'palliative team', isPrivate: true }, alice)).id
  messages.phi = (await good(server, 'POST', '/api/messages', { channelId: elsewhere, text: 'Bed 4: potassium is 6.1', containsPHI: true }, alice)).id
  await good(server, 'POST', `/api/messages/${messages.rude}/flag`, { reason: 'abuse', note: 'Please have a look at the tone.' }, mona)
  await good(server, 'POST', '/api/words', { word: 'damn', action: 'mask' }, token)
  await good(server, 'POST', '/api/invitations', { role: 'user' }, token)
  return { token, ids, channels, messages, alice }
}
