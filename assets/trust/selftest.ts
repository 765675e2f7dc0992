// Whether this device can do what the clinic's pages need. Nothing here asks the person for a permission until they
// press the button that says so.
import probe from './probe.js?url'
import { server } from './server'

export const checks = ['secure', 'worker', 'microphone', 'notifications', 'clock'] as const
export type Check = (typeof checks)[number]
/** `ask`: nobody was asked yet; `no`: this browser cannot, or was told not to. */
export type State = 'running' | 'ok' | 'bad' | 'ask' | 'no'
export interface Result {
  state: State
  /** For the clock: by how many seconds this device is ahead. */
  seconds?: number
}

/** Beyond this, codes of the second factor and the order of times go wrong. */
export const CLOCK_SECONDS_MAX = 30

/** By how many seconds this device is ahead of the server, as far as the time that the answer took allows to say. */
export function offBy({ server: there, took }: { server: number; took: number }, now: number): number {
  const ahead = now - took / 2 - there
  const sure = Math.max(0, Math.abs(ahead) - took / 2)
  return Math.sign(ahead) * Math.round(sure / 1000) || 0
}

type Urls = { createPolicy: (name: string, rules: { createScriptURL: (url: string) => string }) => { createScriptURL: (url: string) => string } }

async function worker(): Promise<Result> {
  if (!('serviceWorker' in navigator)) return { state: 'no' }
  try {
    // Only this one file, under the policy that the content security policy names for such addresses.
    const policies = (globalThis as { trustedTypes?: Urls }).trustedTypes
    const rules = {
      createScriptURL: (url: string) => {
        if (url !== probe) throw new TypeError('not an address of this page')
        return url
      }
    }
    policy ??= policies ? policies.createPolicy('app-url', rules) : rules
    const registration = await navigator.serviceWorker.register(policy.createScriptURL(probe))
    await registration.unregister()
    return { state: 'ok' }
  } catch {
    return { state: 'bad' }
  }
}
let policy: { createScriptURL: (url: string) => string } | null = null

async function microphone(ask: boolean): Promise<Result> {
  if (!navigator.mediaDevices?.getUserMedia) return { state: 'no' }
  if (!ask) {
    // Not every browser tells; then the button does.
    const told = await navigator.permissions?.query({ name: 'microphone' as PermissionName }).catch(() => null)
    if (told?.state === 'granted') return { state: 'ok' }
    return { state: told?.state === 'denied' ? 'bad' : 'ask' }
  }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
    for (const track of stream.getTracks()) track.stop()
    return { state: 'ok' }
  } catch {
    return { state: 'bad' }
  }
}

async function notifications(ask: boolean): Promise<Result> {
  if (!('Notification' in globalThis)) return { state: 'no' }
  const said = ask ? await Notification.requestPermission() : Notification.permission
  if (said === 'granted') return { state: 'ok' }
  return { state: said === 'denied' ? 'bad' : 'ask' }
}

async function clock(): Promise<Result> {
  try {
    const seconds = offBy(await server.clock(), Date.now())
    return { state: Math.abs(seconds) > CLOCK_SECONDS_MAX ? 'bad' : 'ok', seconds }
  } catch {
    return { state: 'bad' }
  }
}

/** Does one check; `ask` may bring up the browser's question. */
export function run(check: Check, ask = false): Promise<Result> {
  if (check === 'secure') return Promise.resolve({ state: globalThis.isSecureContext ? 'ok' : 'bad' })
  if (check === 'worker') return worker()
  if (check === 'microphone') return microphone(ask)
  return check === 'notifications' ? notifications(ask) : clock()
}
