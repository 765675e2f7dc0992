// Where the wizard stands and what was put in so far. What was typed outlives a reload and a lost connection: what
// is no secret in this browser's storage, the rest as long as the tab is open. Passwords are kept nowhere.
import { tick } from 'svelte'
import type { Facts } from './server'

export const steps = ['start', 'clinic', 'administrator', 'safety', 'people', 'done'] as const
export type Step = (typeof steps)[number]
/** What is shown: a step, a part of one, or what stands in for all of them. */
export type View = Step | 'restore' | 'factor' | 'signin' | 'closed'

/** The step of the list to which a view belongs. */
export function stepOf(view: View): Step | null {
  if (view === 'restore') return 'start'
  if (view === 'factor') return 'administrator'
  return view === 'signin' || view === 'closed' ? null : view
}

export interface Draft {
  name: string
  timeZone: string
  hostName: string
  /** Null until the networks were seen. */
  networks: string[] | null
  username: string
  people: string
  channels: string[]
}

const empty: Draft = { name: '', timeZone: '', hostName: '', networks: null, username: '', people: '', channels: [] }
const KEY = 'mcpm.setup'
const CODE = 'mcpm.setup.code'

function remembered(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

function kept(): Draft {
  try {
    return { ...empty, ...(JSON.parse(remembered(KEY) || '{}') as Partial<Draft>) }
  } catch {
    return { ...empty }
  }
}

class Flow {
  view: View = $state('start')
  /** Kept until it is used, so that a reload does not ask for it again. */
  code = $state(remembered(CODE))
  facts: Facts | null = $state.raw(null)
  draft: Draft = $state(kept())
  /** Until when the new networks have to be confirmed. */
  confirmBy: string | null = $state(null)
  /** The administrator's, while the tab is open: the second factor and the recovery key ask for it again. */
  password = $state('')
  /** Where the clinic's devices reach this server. */
  origin = $state(location.origin)

  async go(view: View): Promise<void> {
    this.view = view
    await tick()
    scrollTo(0, 0)
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true })
  }

  /** Writes down what was typed. */
  keep(): void {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.draft))
      if (this.code === '') sessionStorage.removeItem(CODE)
      else sessionStorage.setItem(CODE, this.code)
    } catch {
      // Storage can be forbidden; then only a reload loses it.
    }
  }

  forget(): void {
    try {
      sessionStorage.removeItem(KEY)
      sessionStorage.removeItem(CODE)
    } catch {
      // As above.
    }
  }
}

export const flow = new Flow()

/** Takes the code out of the address (`#code=…`), so that it stays neither visible nor in a bookmark. */
export function codeFromAddress(): string {
  const fragment = location.hash.slice(1).replace(/^code=/, '')
  if (fragment === '') return ''
  history.replaceState(null, '', location.pathname + location.search)
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}
