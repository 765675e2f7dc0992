// What the wizard asks the server. Before there is an administrator the one-time code opens the door; afterwards the
// cookie of the sign-in does.
import { api, ApiError } from '$lib/api'
import type { Language } from '$lib/messages.svelte'
import { asCsv, type Candidate } from './people'

export interface FoundNetwork {
  range: string
  /** The name that the machine gives it. */
  name: string | null
  kind: 'loopback' | 'private' | 'public'
  /** It is let in now. */
  selected: boolean
  /** Whoever asks is in it. */
  holdsYou: boolean
}

export interface Networks {
  /** In force. */
  ranges: string[]
  found: FoundNetwork[]
  yourAddress: string
  /** Not where the configuration says it. */
  changeable: boolean
  /** On trial: by when somebody has to confirm them. */
  pending: { fallsBackAt: string } | null
}

export interface Hosts {
  names: string[]
  /** Those that somebody chose. */
  extra: string[]
  changeable: boolean
}

/** What the server knows of itself and of whoever asks, and what is done. */
export interface Facts {
  clinic: { name: string | null; language: string; timeZone: string }
  passwordMin: number
  networks: Networks
  hosts: Hosts
  done: Record<'language' | 'clinic' | 'networks' | 'hosts', boolean>
  /** The whole set-up can be asked; otherwise only the account is made before the sign-in. */
  whole: boolean
}

export interface Secret {
  secret: string
  /** What an authenticator app scans. */
  uri: string
}

export interface Me {
  user: { username: string }
  permissions: string[]
  clinic: { name: string | null }
}

export interface Setting {
  name: string
  value: unknown
}

export interface FolderTest {
  writable: boolean
  problem: string | null
  freeBytes: number | null
  onDataDisk: boolean | null
}

export interface Issued {
  row: number
  name: string | null
  username: string | null
  role: string
  token: string
  expiresAt: string
}

export interface Imported {
  problems: { row: number; field: string | null; detail: string }[]
  invitations: Issued[]
}

/** How long a card is good: time enough to hand it out. */
const HOURS = 14 * 24

/** The second factor is asked for. */
export const needsCode = (error: ApiError) => error.code === 'second_factor_required'

/** What a server offers that cannot be asked before there is an administrator: nothing but the account. */
const bare: Facts = {
  clinic: { name: null, language: 'en', timeZone: 'UTC' },
  passwordMin: 15,
  networks: { ranges: [], found: [], yourAddress: '', changeable: false, pending: null },
  hosts: { names: [location.hostname], extra: [], changeable: false },
  done: { language: false, clinic: false, networks: false, hosts: false },
  whole: false
}

/** The server has no such call; what it would do is left out. */
const lacks = (error: unknown) => error instanceof ApiError && (error.status === 405 || (error.status === 404 && error.code === 'not_found'))

async function unlessLacking<T>(asked: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (lacks(error)) return otherwise
    throw error
  }
}

export const server = {
  state: async (code: string): Promise<Facts> => unlessLacking(api.post<Facts>('/api/setup/state', { code }).then((facts) => ({ ...facts, whole: true })), bare),
  setClinic: (code: string, clinic: { language: Language; name: string; timeZone: string }) => api.put('/api/setup/clinic', { code, ...clinic }),
  setNetworks: (code: string, ranges: string[], acceptLockout: boolean) => api.put<Networks>('/api/setup/networks', { code, ranges, acceptLockout }),
  setHosts: (code: string, names: string[]) => api.put<Hosts>('/api/setup/hosts', { code, names }),
  /** Makes the account and signs it in. */
  async makeAdministrator(code: string, account: { username: string; password: string }, facts: Facts | null): Promise<void> {
    if (facts?.whole) return void (await api.post('/api/setup/administrator', { code, ...account }))
    await api.post('/api/setup', { code, ...account })
    await api.post('/api/auth/login', account)
  },

  me: () => api.get<Me>('/api/auth/me'),
  signIn: (username: string, password: string, code?: string) => api.post('/api/auth/login', { username, password, code }),
  networks: () => unlessLacking<Networks | null>(api.get('/api/system/networks'), null),
  /** The new networks work: this request came through them. */
  confirmNetworks: (code: string) => (code === '' ? api.post<Networks>('/api/system/networks/confirm') : api.post<Networks>('/api/setup/networks/confirm', { code })),

  secondFactor: () => api.get<{ enabled: boolean }>('/api/auth/second-factor'),
  /** Null where there is no second factor to be had. */
  newSecret: (password: string) => unlessLacking<Secret | null>(api.post('/api/auth/second-factor', { password }), null),
  confirmSecret: (code: string) => api.post<{ recoveryCodes: string[] }>('/api/auth/second-factor/confirm', { code }),

  settings: async () => (await api.page<Setting>('/api/settings', { limit: 200 })).rows,
  choose: (name: string, value: unknown) => api.put(`/api/settings/${name}`, { value }),
  testFolder: (path: string) => api.post<FolderTest>('/api/system/folder-test', { path }),
  /** Null where it is made on the command line alone. */
  recoveryKey: () => unlessLacking<{ made: boolean; confirmedAt: string | null } | null>(api.get('/api/system/recovery-key'), null),
  makeRecoveryKey: (password: string) => api.post<{ recoveryKey: string }>('/api/system/recovery-key', { password }),
  confirmRecoveryKey: (letters: string) => api.post('/api/system/recovery-key/confirm', { letters }),

  users: async () => (await api.page<{ username: string }>('/api/users', { limit: 200 })).rows.map((user) => user.username),
  channels: async () => (await api.page<{ name: string }>('/api/channels', { limit: 200 })).rows.map((channel) => channel.name),
  makeChannel: (name: string) => api.post('/api/channels', { name }),
  /** All of them, or none and why not; on a server that cannot, one by one. */
  async invite(people: readonly Candidate[], onmade: (issued: Issued[]) => void): Promise<void> {
    const all = await unlessLacking<Imported | null>(api.post('/api/invitations/import', new Blob([asCsv(people)], { type: 'text/csv' })), null)
    if (all) return onmade(all.invitations)
    for (const { username, role, line } of people) {
      const made = await api.post<{ token: string; expiresAt: string }>('/api/invitations', { role, expiresInHours: HOURS })
      onmade([{ row: line, name: null, username, role, token: made.token, expiresAt: made.expiresAt }])
    }
  }
}
