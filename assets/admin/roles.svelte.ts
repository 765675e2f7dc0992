// The names of the roles, for choosing one.
import { api } from '$lib/api'
import { session } from './session.svelte'

class Roles {
  /** Those that every clinic starts with, until the server has told its own. */
  names: string[] = $state.raw(['user', 'moderator', 'admin', 'super_admin'])
  #asked = false

  load(): void {
    if (this.#asked || !session.may('roles.read')) return
    this.#asked = true
    api.get<{ name: string }[]>('/api/roles').then(
      (roles) => (this.names = roles.map((role) => role.name)),
      () => (this.#asked = false)
    )
  }
}
export const roles = new Roles()
