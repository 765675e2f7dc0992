// The question that two people's change of the same field leads to; `<Settling />` shows it.
import type { Clash, Values } from '../edit'

interface Pending {
  clashes: Clash[]
  label: (key: string) => string
  show: (key: string, value: unknown) => string
  answer: (kept: Values | null) => void
}

class Settling {
  current: Pending | null = $state.raw(null)
}
export const settling = new Settling()

export function settle(clashes: Clash[], label: Pending['label'], show: Pending['show']): Promise<Values | null> {
  return new Promise((resolve) => {
    settling.current = {
      clashes,
      label,
      show,
      answer: (kept) => {
        settling.current = null
        resolve(kept)
      }
    }
  })
}
