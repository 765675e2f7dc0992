// Who is signed in, and what happens when that ends in the midst of work: the page stays as it is, a dialog asks for
// the password again, and what was asked is asked once more.
import { api, ApiError, whenReachChanges, whenSessionEnds } from '$lib/api'
import { speak, isLanguage } from '$lib/messages.svelte'
import type { components } from '$sdk'

export type User = components['schemas']['User']

export interface Me {
  user: User
  permissions: string[]
  session: { id: string; expiresAt: string } | null
  clinic: { name: string | null; language: string; timeZone: string }
  autoLockMinutes: number
  secondFactorRequired: boolean
}

export type Standing =
  /** Nobody knows yet. */
  | 'asking'
  | 'out'
  /** Signed in, and a new password has to be chosen before anything else. */
  | 'change'
  | 'in'

class Session {
  standing: Standing = $state('asking')
  me: Me | null = $state.raw(null)
  /** The session ended or was locked while somebody worked; the page waits behind the dialog. */
  interrupted: 'ended' | 'locked' | null = $state(null)
  reachable = $state(true)
  failure: ApiError | null = $state.raw(null)
  #waiting: ((good: boolean) => void)[] = []
  #idle: ReturnType<typeof setTimeout> | undefined
  #renewal: ReturnType<typeof setTimeout> | undefined

  may(permission: string | null | undefined): boolean {
    return !permission || (this.me?.permissions.includes(permission) ?? false)
  }

  isOneself(userId: string | null): boolean {
    return userId !== null && userId === this.me?.user.id
  }

  async start(): Promise<void> {
    whenReachChanges((reachable) => (this.reachable = reachable))
    for (const event of ['pointerdown', 'keydown'] as const) addEventListener(event, () => this.#touched(), { passive: true })
    await this.look()
  }

  async look(): Promise<void> {
    this.failure = null
    try {
      this.#enter(await api.get<Me>('/api/auth/me'))
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.#leave()
      else this.failure = error instanceof ApiError ? error : new ApiError(0, 'internal', '')
    }
  }

  async signIn(username: string, password: string, code?: string): Promise<void> {
    await api.post('/api/auth/login', { username, password, ...(code ? { code } : {}) })
    await this.look()
  }

  /** After an interruption: the same person goes on where they were, another one begins anew. */
  async signInAgain(password: string, code?: string): Promise<void> {
    const before = this.me?.user
    await api.post('/api/auth/login', { username: before?.username ?? '', password, ...(code ? { code } : {}) })
    const me = await api.get<Me>('/api/auth/me')
    this.interrupted = null
    this.#enter(me)
    this.#waiting.splice(0).forEach((go) => go(true))
  }

  giveUp(): void {
    this.interrupted = null
    this.#waiting.splice(0).forEach((go) => go(false))
    this.#leave()
  }

  async signOut(): Promise<void> {
    whenSessionEnds(null)
    try {
      await api.post('/api/auth/logout')
    } finally {
      this.#leave()
    }
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await api.post('/api/auth/change-password', { currentPassword, newPassword })
    await this.look()
  }

  /** The socket was told that the session is over; nothing has failed yet, so ask now rather than at the next click. */
  ended(): void {
    if (this.standing === 'in') this.interrupted = 'ended'
  }

  lock(): void {
    if (this.standing === 'in') this.interrupted = 'locked'
  }

  #enter(me: Me): void {
    this.me = me
    this.standing = me.user.forcePasswordChange ? 'change' : 'in'
    whenSessionEnds(() => {
      if (this.standing !== 'in') return Promise.resolve(false)
      this.interrupted = 'ended'
      return new Promise((resolve) => this.#waiting.push(resolve))
    })
    this.#touched()
    this.#planRenewal()
    // Whoever has chosen a language keeps it; for all others the clinic has chosen.
    let chosen: string | null = null
    try {
      chosen = localStorage.getItem('mcpm.language')
    } catch {
      // Storage may be forbidden.
    }
    if (chosen === null && isLanguage(me.clinic.language)) void speak(me.clinic.language)
  }

  #leave(): void {
    whenSessionEnds(null)
    clearTimeout(this.#idle)
    clearTimeout(this.#renewal)
    this.me = null
    this.interrupted = null
    this.standing = 'out'
  }

  #touched(): void {
    clearTimeout(this.#idle)
    const minutes = this.me?.autoLockMinutes ?? 0
    if (minutes > 0 && this.standing === 'in' && !this.interrupted) this.#idle = setTimeout(() => this.lock(), minutes * 60_000)
  }

  /** The cookie is renewed at half its time, so that a day of work is not cut in the middle. */
  #planRenewal(): void {
    clearTimeout(this.#renewal)
    const ends = this.me?.session ? Date.parse(this.me.session.expiresAt) : NaN
    const left = ends - Date.now()
    if (!(left > 0)) return
    this.#renewal = setTimeout(
      async () => {
        try {
          await api.post('/api/auth/refresh-token')
          this.#enter(await api.get<Me>('/api/auth/me'))
        } catch {
          // The next request will say what is wrong.
        }
      },
      Math.min(left / 2, 2 ** 31 - 1)
    )
  }
}

export const session = new Session()

/** Refusals of a sign-in that mean: now the code of the second factor. */
export function wantsCode(error: unknown): boolean {
  return error instanceof ApiError && ['second_factor_required', 'wrong_second_factor'].includes(error.code)
}
