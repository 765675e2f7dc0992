// What the wizard asks the server. Before there is an administrator the one-time code opens the door; afterwards the
// cookie of the sign-in does.
import { api, type ApiError } from '$lib/api'
import type { Language } from '$lib/messages.svelte'

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

/** The second factor is asked for. */
export const needsCode = (error: ApiError) => error.code === 'second_factor_required'

export const server = {
  state: (code: string) => api.post<Facts>('/api/setup/state', { code }),
  setClinic: (code: string, clinic: { language: Language; name: string; timeZone: string }) => api.put('/api/setup/clinic', { code, ...clinic }),
  setNetworks: (code: string, ranges: string[], acceptLockout: boolean) => api.put<Networks>('/api/setup/networks', { code, ranges, acceptLockout }),
  setHosts: (code: string, names: string[]) => api.put<Hosts>('/api/setup/hosts', { code, names }),
  makeAdministrator: (code: string, account: { username: string; password: string }) => api.post('/api/setup/administrator', { code, ...account }),

  me: () => api.get<Me>('/api/auth/me'),
  signIn: (username: string, password: string, code?: string) => api.post('/api/auth/login', { username, password, code }),
  networks: () => api.get<Networks>('/api/system/networks'),
  /** The new networks work: this request came through them. */
  confirmNetworks: (code: string) => (code === '' ? api.post<Networks>('/api/system/networks/confirm') : api.post<Networks>('/api/setup/networks/confirm', { code })),
  hosts: () => api.get<Hosts>('/api/system/hosts'),

  secondFactor: () => api.get<{ enabled: boolean }>('/api/auth/second-factor'),
  newSecret: (password: string) => api.post<Secret>('/api/auth/second-factor', { password }),
  confirmSecret: (code: string) => api.post<{ recoveryCodes: string[] }>('/api/auth/second-factor/confirm', { code }),

  settings: async () => (await api.page<Setting>('/api/settings', { limit: 200 })).rows,
  choose: (name: string, value: unknown) => api.put(`/api/settings/${name}`, { value }),
  testFolder: (path: string) => api.post<FolderTest>('/api/system/folder-test', { path }),
  recoveryKey: () => api.get<{ made: boolean; confirmedAt: string | null }>('/api/system/recovery-key'),
  makeRecoveryKey: (password: string) => api.post<{ recoveryKey: string }>('/api/system/recovery-key', { password }),
  confirmRecoveryKey: (letters: string) => api.post('/api/system/recovery-key/confirm', { letters }),

  users: async () => (await api.page<{ username: string }>('/api/users', { limit: 200 })).rows.map((user) => user.username),
  channels: async () => (await api.page<{ name: string }>('/api/channels', { limit: 200 })).rows.map((channel) => channel.name),
  makeChannel: (name: string) => api.post('/api/channels', { name }),
  /** All of them, or none and why not. */
  invite: (csv: string) => api.post<Imported>('/api/invitations/import', new Blob([csv], { type: 'text/csv' }))
}
