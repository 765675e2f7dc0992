// Editing something that others may edit at the same time: only what was changed is sent, with the version it was
// changed from. Where somebody was faster, both values are shown, and nothing is overwritten unasked.
import { api, ApiError, type Versioned } from '$lib/api'

export type Values = Record<string, unknown>

export interface Clash {
  key: string
  mine: unknown
  theirs: unknown
}

export const same = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null)

/** The fields whose value is no longer what it was. */
export function changes(before: Values, now: Values): Values {
  return Object.fromEntries(Object.entries(now).filter(([key, value]) => !same(before[key], value)))
}

/** Fields that both changed, to different values. */
export function clashes(base: Values, mine: Values, theirs: Values): Clash[] {
  return Object.entries(mine)
    .filter(([key, value]) => !same(theirs[key], base[key]) && !same(theirs[key], value))
    .map(([key, value]) => ({ key, mine: value, theirs: theirs[key] }))
}

/**
 * Saves `mine`, which was changed from `base`. When somebody else changed the thing, `settle` is asked about the fields
 * that both changed; it gives what to keep, or null to save nothing. What only the others changed stays theirs.
 */
export async function save<Thing extends object>(path: string, base: Versioned<Thing>, mine: Values, settle: (clashes: Clash[], theirs: Thing) => Promise<Values | null>): Promise<Thing | null> {
  let from = base
  let wanted = mine
  // Somebody may be faster more than once; after that many times it is no longer chance.
  for (let tries = 0; tries < 5; tries++) {
    if (Object.keys(wanted).length === 0) return from.thing
    try {
      return await api.put<Thing>(path, wanted, { ifMatch: from.etag })
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'stale') throw error
      const now = await api.versioned<Thing>(path)
      const both = clashes(from.thing as Values, wanted, now.thing as Values)
      if (both.length > 0) {
        const kept = await settle(both, now.thing)
        if (kept === null) return null
        wanted = changes(now.thing as Values, { ...wanted, ...kept })
      } else wanted = changes(now.thing as Values, wanted)
      from = now
    }
  }
  throw new ApiError(412, 'stale', '')
}
