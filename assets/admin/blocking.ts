/** An address or network that gets nothing from this server. */
export interface Block {
  id: string
  network: string
  note: string | null
  createdByUsername: string | null
  createdAt: string
  endsAt: string | null
}
