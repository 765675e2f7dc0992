// The invitations that were made and what stands on their cards. Their tokens are shown this once and kept nowhere.
import type { Candidate } from './people'
import type { Issued } from './server'

export interface Card extends Candidate {
  token: string
  expiresAt: string
}

class Invited {
  cards: Card[] = $state.raw([])

  has(username: string): boolean {
    return this.cards.some((card) => card.username === username)
  }

  /** Puts each invitation to whom it is for, by the username. */
  take(people: readonly Candidate[], issued: readonly Issued[]): void {
    const known = new Map(people.map((one) => [one.username, one]))
    const made = issued.flatMap((one) => {
      const person = known.get(one.username ?? '')
      return person ? [{ ...person, token: one.token, expiresAt: one.expiresAt }] : []
    })
    this.cards = [...this.cards, ...made]
  }
}

export const invited = new Invited()

/** The address on a card. All behind the # stays in the browser: no server sees it. */
export function joinAddress(origin: string, card: Card): string {
  const parts = new URLSearchParams({ invitation: card.token })
  for (const [name, value] of [['username', card.username], ['first', card.firstName], ['last', card.lastName]] as const) if (value !== '') parts.set(name, value)
  return `${origin}/join#${parts}`
}
