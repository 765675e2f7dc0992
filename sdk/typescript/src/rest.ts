/**
 * The REST calls, typed by the server's own description: the path, its parameters, the body and the answer.
 * Who asks is a token, or in the server's own pages the cookie that goes along by itself.
 */
import type { paths } from "./gen/api.js";
import { readLinks } from "./link.js";
import { Problem, Unreachable } from "./problem.js";

type Method = "get" | "put" | "post" | "delete";

/** The operation behind a method and a path. */
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? NonNullable<paths[P][M]> : never;

/** The paths that know a method. */
export type PathsWith<M extends Method> = {
  [P in keyof paths]: Operation<P, M> extends { responses: unknown } ? P : never;
}[keyof paths];

type JsonOf<R> = R extends { content: { "application/json": infer T } } ? T : never;
type Answers<O> = O extends { responses: infer R } ? R : never;
/** What a call answers when it was carried out. */
export type AnswerOf<P extends keyof paths, M extends Method> = JsonOf<
  Answers<Operation<P, M>>[keyof Answers<Operation<P, M>> & (200 | 201 | 202)]
>;
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer B } } }
  ? B
  : O extends { requestBody?: { content: { "application/json": infer B } } }
    ? B | undefined
    : undefined;
type ParametersOf<O> = O extends { parameters: infer A } ? A : never;
type PathParameters<O> = ParametersOf<O> extends { path: infer A } ? A : undefined;
type QueryParameters<O> = ParametersOf<O> extends { query?: infer A } ? A : undefined;

type Optional<K extends string, V> = undefined extends V ? { [k in K]?: V } : { [k in K]: V };

/** What goes along with a call. */
export type Asking<P extends keyof paths, M extends Method> = Optional<"path", PathParameters<Operation<P, M>>> &
  Optional<"body", BodyOf<Operation<P, M>>> & {
    query?: QueryParameters<Operation<P, M>>;
    /** The `etag` of an earlier answer: done only if nobody changed the thing in between, otherwise a `Problem` that `isStale`. */
    ifMatch?: string;
    signal?: AbortSignal;
  };
// A call that needs nothing may be made with nothing.
type AskingArguments<A> = Record<never, never> extends A ? [asking?: A] : [asking: A];

/** An answer: what was asked for, its version, and the pages beside it. */
export interface Answer<T> {
  data: T;
  /** Send it back as `ifMatch` with a change. */
  etag: string | null;
  /** The addresses of the next (older) and previous page of a list. */
  next: string | null;
  prev: string | null;
  response: Response;
}

export interface RestOptions {
  /** Where the server is, such as `https://chat.clinic.lan:3000`; in a browser its own origin when missing. */
  url?: string;
  /** The bearer token at the moment; without one the browser's cookie decides. */
  token?: () => string | undefined;
  /** How long an answer may take, in milliseconds. */
  patienceMs?: number;
  fetch?: typeof globalThis.fetch;
  /** Called when the server says that nobody is signed in any more. */
  onSignedOut?: (problem: Problem) => void;
}

/** How the calls get there. Everything typed is in front of `send`. */
export class Rest {
  readonly #options: RestOptions;
  readonly #base: string;

  constructor(options: RestOptions = {}) {
    this.#options = options;
    this.#base = (options.url ?? globalThis.location?.origin ?? "").replace(/\/+$/, "");
  }

  get<P extends PathsWith<"get">>(path: P, ...[asking]: AskingArguments<Asking<P, "get">>) {
    return this.#call<P, "get">("get", path, asking);
  }

  post<P extends PathsWith<"post">>(path: P, ...[asking]: AskingArguments<Asking<P, "post">>) {
    return this.#call<P, "post">("post", path, asking);
  }

  put<P extends PathsWith<"put">>(path: P, ...[asking]: AskingArguments<Asking<P, "put">>) {
    return this.#call<P, "put">("put", path, asking);
  }

  delete<P extends PathsWith<"delete">>(path: P, ...[asking]: AskingArguments<Asking<P, "delete">>) {
    return this.#call<P, "delete">("delete", path, asking);
  }

  /** The pages of a list, one after the other, as far as anybody goes on asking. */
  async *pages<P extends PathsWith<"get">>(
    path: P,
    ...[asking]: AskingArguments<Asking<P, "get">>
  ): AsyncGenerator<AnswerOf<P, "get">, void, undefined> {
    let answer = await this.#call<P, "get">("get", path, asking);
    for (;;) {
      yield answer.data;
      if (answer.next === null) return;
      const signal = (asking as { signal?: AbortSignal } | undefined)?.signal;
      answer = await this.send<AnswerOf<P, "get">>("get", answer.next, signal === undefined ? {} : { signal });
    }
  }

  /** The rows of a list, page after page. */
  async *rows<P extends PathsWith<"get">>(
    path: P,
    ...asking: AskingArguments<Asking<P, "get">>
  ): AsyncGenerator<AnswerOf<P, "get"> extends readonly (infer Row)[] ? Row : never, void, undefined> {
    for await (const page of this.pages(path, ...asking)) {
      yield* page as readonly (AnswerOf<P, "get"> extends readonly (infer Row)[] ? Row : never)[];
    }
  }

  #call<P extends keyof paths, M extends Method>(method: M, path: P, asking: unknown) {
    const { path: places, query, ...rest } = (asking ?? {}) as Loose & { path?: Names; query?: Names };
    return this.send<AnswerOf<P, M>>(method, address(path as string, places, query), rest);
  }

  /** A call to any address of this server, for what the description does not type: files, or the `next` of a list. */
  async send<T>(method: Method, target: string, { body, ifMatch, signal }: Loose = {}): Promise<Answer<T>> {
    const headers = new Headers({ Accept: "application/json, application/problem+json" });
    const token = this.#options.token?.();
    if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
    if (ifMatch !== undefined) headers.set("If-Match", ifMatch);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    // Not AbortSignal.any: browsers of before 2024 lack it.
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new Error("timeout")), this.#options.patienceMs ?? 30_000);
    const pass = () => limit.abort(signal?.reason);
    signal?.addEventListener("abort", pass);
    if (signal?.aborted === true) pass();
    const ask = this.#options.fetch ?? globalThis.fetch;
    let response: Response;
    let data: unknown;
    try {
      response = await ask(this.#base + target, {
        method: method.toUpperCase(),
        headers,
        signal: limit.signal,
        // A token and the cookie of somebody else must not go together.
        credentials: token === undefined ? "same-origin" : "omit",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (response.ok) data = await content(response);
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      throw new Unreachable(cause);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", pass);
    }
    if (!response.ok) {
      const problem = await Problem.of(response);
      if (problem.isSignedOut && problem.code !== "wrong_credentials") this.#options.onSignedOut?.(problem);
      throw problem;
    }
    const links = readLinks(response.headers.get("Link"));
    return {
      data: data as T,
      etag: response.headers.get("ETag"),
      next: links["next"] ?? null,
      prev: links["prev"] ?? null,
      response,
    };
  }
}

type Names = Record<string, unknown>;
type Loose = { body?: unknown; ifMatch?: string; signal?: AbortSignal };

async function content(response: Response): Promise<unknown> {
  const type = response.headers.get("Content-Type") ?? "";
  return /\bjson\b/.test(type) ? ((await response.json()) as unknown) : await response.blob();
}

function address(path: string, places: Names | undefined, query: Names | undefined): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(places?.[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null) search.append(name, String(value));
  }
  const text = search.toString();
  return text === "" ? filled : `${filled}?${text}`;
}
