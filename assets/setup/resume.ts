// Where to go on: a page that was closed in the middle finds its way back by what the server says is done. Until there
// is an administrator that needs the one-time code; the later steps stand at /welcome, and need a sign-in.
import { ApiError } from '$lib/api'
import { flow } from './flow.svelte'
import { server } from './server'

export const LATER = '/welcome'

export async function resume(): Promise<void> {
  if (location.pathname !== LATER) return flow.go('start')
  let me
  try {
    me = await server.me()
  } catch (error) {
    if (error instanceof ApiError && error.status !== 401) throw error
    return flow.go('signin')
  }
  if (!me.permissions.includes('settings.manage')) return flow.go('closed')
  flow.draft.username = me.user.username
  flow.draft.name = me.clinic.name ?? ''
  const [networks, key] = await Promise.all([server.networks(), server.recoveryKey()])
  flow.confirmBy = networks?.pending?.fallsBackAt ?? null
  await flow.go(key?.confirmedAt == null ? 'safety' : 'people')
}
