/** What can go wrong, as types to tell apart: the server said no, or it did not answer. */
import type { FieldProblem, ProblemBody } from "./types.js";

/** The codes that a later try may not meet again (`docs/errors.md`, 429 and 503): nothing was changed. */
const PASSING = new Set([
  "too_many_messages",
  "too_many_checks",
  "too_many_searches",
  "slow_mode",
  "too_many_attempts",
  "busy",
  "given_up",
  "login_queue_full",
  "stopping",
  "disk_full",
  "no_memory",
  "database_unreachable",
  "storage_failed",
  "key_worn_out",
  "search_busy",
]);

/** Whether the same request is worth sending again later. */
export function isPassing(code: string): boolean {
  return PASSING.has(code);
}

/** The server's refusal of a REST call: RFC 9457, with the stable `code` to match on. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** The stable code; `docs/errors.md` lists them. */
    readonly code: string,
    /** A sentence for a person, in English. */
    readonly detail: string,
    /** Names the call in the server's log. */
    readonly requestId: string | null,
    /** What is wrong with which field. */
    readonly fields: readonly FieldProblem[],
    /** After how many seconds it is worth trying again, where the server said. */
    readonly retryAfterSecs: number | null,
  ) {
    super(detail);
  }

  /** What is wrong with `name`, if anything is. */
  field(name: string): string | undefined {
    return this.fields.find((fault) => fault.field === name)?.detail;
  }

  /** Somebody changed it in between (412): fetch it again, look, and repeat. */
  get isStale(): boolean {
    return this.status === 412;
  }

  /** The sign-in is missing or over (401): sign in again. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }

  /** The same call may be sent again later (429, 503). */
  get isPassing(): boolean {
    return this.status === 429 || this.status === 503;
  }

  static async of(response: Response): Promise<Problem> {
    const body = await response.json().then(
      (json: unknown) => (typeof json === "object" && json !== null ? (json as Partial<ProblemBody>) : {}),
      // Not from this server: a proxy's page, or an answer that broke off.
      (): Partial<ProblemBody> => ({}),
    );
    const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    return new Problem(
      response.status,
      body.code ?? `http_${response.status}`,
      body.detail ?? `The server answered with status ${response.status}.`,
      body.requestId ?? null,
      body.errors ?? [],
      Number.isFinite(wait) ? wait : null,
    );
  }
}

/** An `error` frame: the WebSocket's refusal of one message. */
export class Refused extends Error {
  override readonly name = "Refused";

  constructor(
    /** The stable code; `docs/errors.md` lists them. */
    readonly code: string,
    /** A sentence for a person, in English. */
    readonly detail: string,
  ) {
    super(detail);
  }

  /** The same message may be sent again later. */
  get isPassing(): boolean {
    return isPassing(this.code);
  }
}

/** No answer came: no network, no server, or the time was up. Whether the call was carried out is not known. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor(cause: unknown) {
    super("The server did not answer.", { cause });
  }
}

/** The connection ended before the answer came. Whether the message was carried out is not known. */
export class Disconnected extends Error {
  override readonly name = "Disconnected";

  constructor() {
    super("The connection ended before the answer came.");
  }
}
