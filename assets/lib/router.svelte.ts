// Addresses under one base (`/admin`) and the page that each stands for. Going somewhere moves the focus to the heading
// of the page, as a load would, and sets the title; going back restores where one was.
import { tick, untrack } from 'svelte'

export interface Route<Name extends string> {
  name: Name
  /** Segments after the base; `:id` takes whatever stands there. */
  path: string
}

export interface Place<Name extends string> {
  name: Name | 'unknown'
  params: Record<string, string>
  query: URLSearchParams
  path: string
}

export function match<Name extends string>(routes: readonly Route<Name>[], base: string, url: URL): Place<Name> {
  const path = url.pathname.replace(/\/+$/, '') || '/'
  const place = { name: 'unknown' as Name | 'unknown', params: {} as Record<string, string>, query: url.searchParams, path }
  if (path !== base && !path.startsWith(`${base}/`)) return place
  const asked = path.slice(base.length).split('/').filter(Boolean)
  for (const route of routes) {
    const wanted = route.path.split('/').filter(Boolean)
    if (wanted.length !== asked.length) continue
    const params: Record<string, string> = {}
    const fits = wanted.every((segment, at) => {
      const there = asked[at] ?? ''
      if (!segment.startsWith(':')) return segment === there
      try {
        params[segment.slice(1)] = decodeURIComponent(there)
        return true
      } catch {
        return false
      }
    })
    if (fits) return { ...place, name: route.name, params }
  }
  return place
}

export class Router<Name extends string> {
  place: Place<Name> = $state.raw({ name: 'unknown', params: {}, query: new URLSearchParams(), path: '' })
  /** Asked before a page is left; false keeps one there, with what was typed. */
  #guard: (() => boolean | Promise<boolean>) | null = null

  constructor(
    readonly routes: readonly Route<Name>[],
    readonly base: string
  ) {}

  start(): () => void {
    const look = () => {
      this.place = match(this.routes, this.base, new URL(location.href))
    }
    const back = async () => {
      const wanted = location.pathname + location.search
      if (this.#guard && !(await this.#guard())) {
        history.pushState(null, '', this.place.path + query(this.place.query))
        return
      }
      this.#guard = null
      if (location.pathname + location.search !== wanted) return
      look()
      void this.#arrive()
    }
    const click = (event: MouseEvent) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      const link = (event.target as Element | null)?.closest?.('a')
      if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
      if (link.pathname !== this.base && !link.pathname.startsWith(`${this.base}/`)) return
      // A link within the page (the skip link) is the browser's own.
      if (link.hash && link.pathname === location.pathname) return
      event.preventDefault()
      void this.go(link.pathname + link.search)
    }
    look()
    addEventListener('popstate', back)
    document.addEventListener('click', click)
    return () => {
      removeEventListener('popstate', back)
      document.removeEventListener('click', click)
    }
  }

  async go(to: string, options: { replace?: boolean } = {}): Promise<void> {
    if (this.#guard && !(await this.#guard())) return
    this.#guard = null
    if (options.replace) history.replaceState(null, '', to)
    else history.pushState(null, '', to)
    this.place = match(this.routes, this.base, new URL(location.href))
    await this.#arrive()
  }

  /** Keeps filters in the address, so that a reload and a link show the same; no step back is added. */
  keepQuery(values: Record<string, string | null | undefined>): void {
    const kept = new URLSearchParams(location.search)
    for (const [name, value] of Object.entries(values)) {
      if (value) kept.set(name, value)
      else kept.delete(name)
    }
    history.replaceState(null, '', location.pathname + query(kept))
    this.place = { ...untrack(() => this.place), query: kept }
  }

  /** Lets a page with unsaved work be asked first; the function that is returned takes it back. */
  guard(ask: () => boolean | Promise<boolean>): () => void {
    this.#guard = ask
    return () => {
      if (this.#guard === ask) this.#guard = null
    }
  }

  async #arrive(): Promise<void> {
    await tick()
    scrollTo(0, 0)
    const { path } = this.place
    const began = performance.now()
    // The page may still be loading; whoever has gone on meanwhile is left alone.
    const look = () => {
      if (this.place.path !== path) return
      const heading = document.querySelector<HTMLElement>('main h1')
      if (heading) heading.focus({ preventScroll: true })
      else if (performance.now() - began < 10_000) requestAnimationFrame(look)
    }
    look()
  }
}

function query(values: URLSearchParams): string {
  const text = values.toString()
  return text ? `?${text}` : ''
}
