// A list that comes from the server page by page. Filters start it anew; an answer that comes too late for its
// question is thrown away; what is shown stays while it is refreshed.
import { untrack } from 'svelte'
import { api, ApiError, type Page } from './api'

const allMax = 5000

export class List<Row> {
  rows: Row[] = $state.raw([])
  next: string | null = $state(null)
  loading = $state(true)
  loadingMore = $state(false)
  error: ApiError | null = $state.raw(null)
  #running: AbortController | null = null

  constructor(
    readonly ask: () => { path: string; query?: Record<string, string | number | boolean | null | undefined>; method?: string; body?: unknown },
    readonly id: (row: Row) => string
  ) {}

  /** Asks for the first page, or, quietly, for as many rows as are here. */
  async load(quietly = false): Promise<void> {
    this.#running?.abort()
    const mine = (this.#running = new AbortController())
    const wanted = quietly ? this.rows.length : 0
    if (!quietly) this.loading = true
    try {
      // What is asked is read and not watched: the pages say themselves when a filter counts.
      const { path, query, ...rest } = untrack(this.ask)
      let page: Page<Row> = await api.page<Row>(path, query, { ...rest, signal: mine.signal })
      let rows = page.rows
      while (page.next && rows.length < wanted) {
        page = await api.page<Row>(page.next, undefined, { ...rest, signal: mine.signal })
        rows = [...rows, ...page.rows]
      }
      if (mine.signal.aborted) return
      this.rows = rows
      this.next = page.next
      this.error = null
    } catch (error) {
      if (mine.signal.aborted) return
      this.error = error instanceof ApiError ? error : new ApiError(0, 'internal', '')
      if (!quietly) this.rows = []
    }
    this.loading = false
  }

  async more(): Promise<void> {
    if (!this.next || this.loadingMore || this.#running?.signal.aborted) return
    const mine = this.#running
    this.loadingMore = true
    try {
      const { path: _path, query: _query, ...rest } = this.ask()
      const page = await api.page<Row>(this.next, undefined, { ...rest, signal: mine?.signal })
      if (mine === this.#running) {
        const known = new Set(this.rows.map(this.id))
        this.rows = [...this.rows, ...page.rows.filter((row) => !known.has(this.id(row)))]
        this.next = page.next
        this.error = null
      }
    } catch (error) {
      if (mine === this.#running && !mine?.signal.aborted) this.error = error instanceof ApiError ? error : new ApiError(0, 'internal', '')
    }
    this.loadingMore = false
  }

  async all(): Promise<void> {
    while (this.next && this.rows.length < allMax && !this.error) await this.more()
  }

  /** Puts a changed row in the place of the old one; a new one comes first. */
  put(row: Row): void {
    const at = this.rows.findIndex((one) => this.id(one) === this.id(row))
    this.rows = at < 0 ? [row, ...this.rows] : this.rows.map((one, index) => (index === at ? row : one))
  }

  drop(id: string): void {
    this.rows = this.rows.filter((row) => this.id(row) !== id)
  }

  stop(): void {
    this.#running?.abort()
  }
}
