// Speaks REST with the server that the page came from. The browser carries the cookie; changes carry the page's origin
// by themselves. A failure is always an `ApiError`, whether the server said no or nobody answered.

export interface FieldFault {
  field: string
  detail: string
}

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** The stable code of docs/errors.md; `offline` when there was no answer. */
    readonly code: string,
    detail: string,
    readonly errors: readonly FieldFault[] = [],
    readonly requestId: string | null = null,
    /** Seconds after which it is worth trying again. */
    readonly retryAfter: number | null = null
  ) {
    super(detail)
    this.name = 'ApiError'
  }

  /** What is wrong with one field, if anything is. */
  field(name: string): string | undefined {
    return this.errors.find((fault) => fault.field === name)?.detail
  }
}

export interface Page<Row> {
  rows: Row[]
  /** Address of the page after this one. */
  next: string | null
  previous: string | null
}

export interface Versioned<Thing> {
  thing: Thing
  etag: string | null
}

export interface Ask {
  query?: Record<string, string | number | boolean | null | undefined>
  /** An object is sent as JSON; everything else as it is. */
  body?: unknown
  ifMatch?: string | null
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Called when the session is over; resolves true once somebody signed in again, and the request is sent once more. */
type SignInAgain = (error: ApiError) => Promise<boolean>
let signInAgain: SignInAgain | null = null
/** Called when the server stopped or started answering. */
let onReach: ((reachable: boolean) => void) | null = null

export function whenSessionEnds(handler: SignInAgain | null): void {
  signInAgain = handler
}
export function whenReachChanges(handler: ((reachable: boolean) => void) | null): void {
  onReach = handler
}

const endings = new Set(['not_signed_in', 'token_invalid', 'token_expired', 'session_ended'])

export function address(path: string, query?: Ask['query']): string {
  const values = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== null && value !== undefined && value !== '') values.set(name, String(value))
  const text = values.toString()
  return text ? `${path}${path.includes('?') ? '&' : '?'}${text}` : path
}

/** Reads `Link: <…>; rel="next", <…>; rel="prev"` (RFC 8288). */
export function links(header: string | null): { next: string | null; previous: string | null } {
  const found: Record<string, string> = {}
  for (const [, target, relation] of (header ?? '').matchAll(/<([^>]*)>\s*;\s*rel="(\w+)"/g)) if (target && relation) found[relation] = target
  return { next: found.next ?? null, previous: found.prev ?? null }
}

async function fault(response: Response): Promise<ApiError> {
  const after = Number(response.headers.get('retry-after'))
  const retryAfter = Number.isFinite(after) && after > 0 ? after : null
  try {
    const problem = (await response.json()) as { code?: string; detail?: string; title?: string; errors?: FieldFault[]; requestId?: string }
    return new ApiError(response.status, problem.code ?? 'internal', problem.detail ?? problem.title ?? '', problem.errors ?? [], problem.requestId ?? null, retryAfter)
  } catch {
    return new ApiError(response.status, 'internal', response.statusText, [], null, retryAfter)
  }
}

export async function send(method: string, path: string, ask: Ask = {}, again = true): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...ask.headers }
  let body: BodyInit | undefined
  if (ask.body instanceof Blob || ask.body instanceof ArrayBuffer || typeof ask.body === 'string') body = ask.body as BodyInit
  else if (ask.body !== undefined) {
    headers['Content-Type'] = 'application/json'
    body = JSON.stringify(ask.body)
  }
  if (ask.ifMatch) headers['If-Match'] = ask.ifMatch
  let response: Response
  try {
    response = await fetch(address(path, ask.query), { method, headers, body, signal: ask.signal, credentials: 'same-origin', cache: 'no-store', redirect: 'error' })
  } catch (error) {
    if (ask.signal?.aborted) throw error
    onReach?.(false)
    throw new ApiError(0, 'offline', '')
  }
  onReach?.(true)
  if (response.ok) return response
  const problem = await fault(response)
  if (again && signInAgain && response.status === 401 && endings.has(problem.code) && (await signInAgain(problem))) return send(method, path, ask, false)
  throw problem
}

async function json<Answer>(method: string, path: string, ask?: Ask): Promise<Answer> {
  return (await (await send(method, path, ask)).json()) as Answer
}

export const api = {
  get: <Answer>(path: string, query?: Ask['query'], signal?: AbortSignal) => json<Answer>('GET', path, { query, signal }),
  post: <Answer>(path: string, body?: unknown, ask?: Ask) => json<Answer>('POST', path, { ...ask, body }),
  put: <Answer>(path: string, body?: unknown, ask?: Ask) => json<Answer>('PUT', path, { ...ask, body }),
  delete: <Answer>(path: string, ask?: Ask) => json<Answer>('DELETE', path, ask),

  /** A thing together with the version that `If-Match` wants. */
  async versioned<Thing>(path: string): Promise<Versioned<Thing>> {
    const response = await send('GET', path)
    return { etag: response.headers.get('etag'), thing: (await response.json()) as Thing }
  },

  /** One page of a list; go on with `page.next`. */
  async page<Row>(path: string, query?: Ask['query'], ask: { signal?: AbortSignal; method?: string; body?: unknown } = {}): Promise<Page<Row>> {
    const response = await send(ask.method ?? 'GET', path, { query, signal: ask.signal, body: ask.body })
    return { rows: (await response.json()) as Row[], ...links(response.headers.get('link')) }
  }
}
