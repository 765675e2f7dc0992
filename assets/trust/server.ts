// What the trust page asks the server; all of it without signing in, except to say that trust is confirmed.
import { api, ApiError, send } from '$lib/api'

export interface Trust {
  /** What signed the certificate; null where the clinic supplied one, and there is nothing to install. */
  authority: { sha256: string; words: string[]; notAfter: string } | null
  certificate: { sha256: string }
  hosts: string[]
  port: number
  /** Browsers are told to come by HTTPS alone. */
  hsts: boolean
}

export interface Me {
  user: { username: string }
  permissions: string[]
}

export const server = {
  /** What is known of the certificates; on a server that does not tell, that there is an authority to install. */
  trust: () =>
    api.get<Trust>('/trust/info.json').catch((error: unknown): Trust => {
      if (error instanceof ApiError && error.status === 404) return { authority: { sha256: '', words: [], notAfter: '' }, certificate: { sha256: '' }, hosts: [], port: 0, hsts: false }
      throw error
    }),
  me: () => api.get<Me>('/api/auth/me'),
  setHsts: (on: boolean) => api.put('/api/settings/security.hsts', { value: on }),
  /** The server's time and how long the answer took, both in milliseconds. */
  async clock(): Promise<{ server: number; took: number }> {
    const began = performance.now()
    const answer = (await (await send('GET', '/health')).json()) as { timestamp: string }
    return { server: Date.parse(answer.timestamp), took: performance.now() - began }
  }
}
