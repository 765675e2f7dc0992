/** Signing in with a token, and staying signed in: the token is renewed long before its time is over. */
import { Emitter } from "./emitter.js";
import { Problem } from "./problem.js";
import type { Rest } from "./rest.js";
import type { SignedIn, User } from "./types.js";

export type SessionEvents = {
  /** A new token; whoever keeps it has to keep this one from now on. */
  token: SignedIn;
  /** Nobody is signed in any more. */
  signedOut: null;
};

/** A browser's timer holds no more than this. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const RETRY_MS = 60_000;

export class Session extends Emitter<SessionEvents> {
  readonly #rest: Rest;
  #current: SignedIn | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(rest: Rest) {
    super();
    this.#rest = rest;
  }

  get token(): string | undefined {
    return this.#current?.token;
  }

  get user(): User | null {
    return this.#current?.user ?? null;
  }

  /** Signs in. `code` is that of the second factor, or one of its recovery codes. */
  async signIn(username: string, password: string, code?: string): Promise<User> {
    const body = { username, password, ...(code === undefined ? {} : { code }) };
    const { data } = await this.#rest.post("/api/auth/login", { body });
    this.resume(data);
    return data.user;
  }

  /** Goes on with a sign-in that was kept. */
  resume(signedIn: SignedIn): void {
    this.#current = signedIn;
    clearTimeout(this.#timer);
    const left = Date.parse(signedIn.expiresAt) - Date.now();
    this.#timer = setTimeout(() => void this.refresh(), Math.min(Math.max(left / 2, 0), TIMER_MS_MAX));
    // A program that has nothing else to do may end.
    (this.#timer as { unref?: () => void }).unref?.();
    this.emit("token", signedIn);
  }

  /** Renews the token now. */
  async refresh(): Promise<void> {
    try {
      const { data } = await this.#rest.post("/api/auth/refresh-token");
      this.resume(data);
    } catch (reason) {
      if (reason instanceof Problem && reason.isSignedOut) this.forget();
      else this.#timer = setTimeout(() => void this.refresh(), RETRY_MS);
    }
  }

  /** Ends the sign-in, on the server and here. Here also when the server does not answer. */
  async signOut(): Promise<void> {
    try {
      await this.#rest.post("/api/auth/logout");
    } finally {
      this.forget();
    }
  }

  /** Forgets the token, as when the server has ended the session. */
  forget(): void {
    clearTimeout(this.#timer);
    const had = this.#current !== null;
    this.#current = null;
    if (had) this.emit("signedOut", null);
  }
}
