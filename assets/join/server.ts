// What a person who was invited asks the server.
import { api } from '$lib/api'

/** What an invitation is for, as far as whoever holds it may know. */
export interface Invitation {
  clinic: string | null
  role: string
  expiresAt: string
  passwordMin: number
}

export interface Me {
  user: { username: string; firstName: string | null; lastName: string | null; role: string }
  clinic: { name: string | null }
}

export interface Account {
  username: string
  password: string
  firstName: string | null
  lastName: string | null
  invitation: string
}

export const server = {
  check: (token: string) => api.post<Invitation>('/api/invitations/check', { token }),
  register: (account: Account) => api.post('/api/auth/register', account),
  signIn: (username: string, password: string) => api.post('/api/auth/login', { username, password }),
  signOut: () => api.post('/api/auth/logout'),
  me: () => api.get<Me>('/api/auth/me')
}
