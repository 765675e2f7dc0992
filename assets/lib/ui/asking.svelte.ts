// "Are you sure?", once for the whole page: `if (await confirm({…})) …`. `<Asking />` shows it.

export interface Question {
  title: string
  text?: string
  /** What follows from it, one sentence each. */
  consequences?: string[]
  /** What the button that goes ahead says: the deed, never "OK". */
  action: string
  danger?: boolean
  /** Has to be typed first, for what cannot be undone. */
  typed?: string
}

interface Pending extends Question {
  answer: (yes: boolean) => void
}

class Asking {
  current: Pending | null = $state.raw(null)
}
export const asking = new Asking()

export function confirm(question: Question): Promise<boolean> {
  asking.current?.answer(false)
  return new Promise((resolve) => {
    asking.current = {
      ...question,
      answer: (yes) => {
        asking.current = null
        resolve(yes)
      }
    }
  })
}
