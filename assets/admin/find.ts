// What the fields for picking a person or a channel look through.
import { api } from '$lib/api'
import type { Choice } from '$lib/ui/Combobox.svelte'
import type { Channel, User } from './types'

export function fullName(user: Pick<User, 'firstName' | 'lastName'>): string {
  return [user.firstName, user.lastName].filter(Boolean).join(' ')
}

export async function findPeople(text: string, signal: AbortSignal): Promise<Choice[]> {
  const page = await api.page<User>('/api/users/search', undefined, { method: 'POST', body: { query: text || undefined, limit: 20 }, signal })
  return page.rows.map((user) => ({ value: user.id, label: user.username, detail: fullName(user) }))
}

let channels: { at: number; list: Channel[] } | null = null

export async function findChannels(text: string, signal: AbortSignal): Promise<Choice[]> {
  // Channels are few and have no search of their own.
  if (!channels || Date.now() - channels.at > 30_000) {
    const list: Channel[] = []
    let page = await api.page<Channel>('/api/channels', { kind: 'channel', archived: 'all', limit: 200 }, { signal })
    list.push(...page.rows)
    while (page.next && list.length < 5000) {
      page = await api.page<Channel>(page.next, undefined, { signal })
      list.push(...page.rows)
    }
    channels = { at: Date.now(), list }
  }
  const wanted = text.toLocaleLowerCase()
  return channels.list
    .filter((channel) => channel.name.toLocaleLowerCase().includes(wanted))
    .slice(0, 20)
    .map((channel) => ({ value: channel.id, label: channel.name, detail: channel.category ?? undefined }))
}
