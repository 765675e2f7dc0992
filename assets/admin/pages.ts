// The pages of the administration: one row each. Who lacks the permission does not see the page; its data is refused by
// the server whatever is shown here.
import type { Component } from 'svelte'
import type { IconName } from '$lib/ui/icons'
import { Router, type Place } from '$lib/router.svelte'

export type PageName = 'home' | 'connections' | 'users' | 'invitations' | 'user' | 'roles' | 'channels' | 'channel' | 'messages' | 'audit' | 'exports' | 'settings' | 'about'

export interface PageProps {
  place: Place<PageName>
}

interface Row {
  name: PageName
  path: string
  /** Any one of these is enough; none means everybody who is signed in. */
  needs: string[]
  icon: IconName
  /** Stands in the navigation; others are reached from a page. */
  listed?: boolean
  load: () => Promise<{ default: Component<PageProps> }>
}

export const pages: readonly Row[] = [
  { name: 'home', path: '', needs: [], icon: 'home', listed: true, load: () => import('./pages/Home.svelte') },
  { name: 'connections', path: 'connections', needs: ['users.manage'], icon: 'pulse', listed: true, load: () => import('./pages/Connections.svelte') },
  { name: 'users', path: 'users', needs: ['users.read'], icon: 'people', listed: true, load: () => import('./pages/Users.svelte') },
  { name: 'invitations', path: 'invitations', needs: ['users.create'], icon: 'ticket', listed: true, load: () => import('./pages/Invitations.svelte') },
  { name: 'user', path: 'users/:id', needs: ['users.read'], icon: 'person', load: () => import('./pages/User.svelte') },
  { name: 'roles', path: 'roles', needs: ['roles.read'], icon: 'shield', listed: true, load: () => import('./pages/Roles.svelte') },
  { name: 'channels', path: 'channels', needs: ['channels.manage', 'channels.list'], icon: 'hash', listed: true, load: () => import('./pages/Channels.svelte') },
  { name: 'channel', path: 'channels/:id', needs: ['channels.manage', 'channels.list'], icon: 'hash', load: () => import('./pages/Channel.svelte') },
  { name: 'messages', path: 'messages', needs: ['messages.flag', 'messages.monitor'], icon: 'flag', listed: true, load: () => import('./pages/Messages.svelte') },
  { name: 'audit', path: 'audit', needs: ['audit.read'], icon: 'book', listed: true, load: () => import('./pages/Audit.svelte') },
  { name: 'exports', path: 'exports', needs: ['channels.manage', 'users.manage', 'audit.read'], icon: 'archive', listed: true, load: () => import('./pages/Exports.svelte') },
  { name: 'settings', path: 'settings', needs: ['settings.read'], icon: 'sliders', listed: true, load: () => import('./pages/Settings.svelte') },
  { name: 'about', path: 'about', needs: [], icon: 'info', listed: true, load: () => import('./pages/About.svelte') }
]

export const router = new Router<PageName>(pages, '/admin')
