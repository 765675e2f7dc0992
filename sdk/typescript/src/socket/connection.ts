/**
 * The WebSocket that stays: it signs in, answers each request once, notices a silent server, and comes back after
 * every break that is worth coming back from.
 */
import { Emitter } from "../emitter.js";
import { Disconnected, Refused } from "../problem.js";
import type { Ack, ClientMessage, Frame, Person } from "../types.js";
import { pauseMs } from "./backoff.js";
import { meaning, type Ended } from "./closing.js";

/** What is needed of a WebSocket; that of browsers and that of `ws` for Node have it. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

/** A message as the caller writes it: the request's id is given here. */
export type Outgoing = WithoutId<Exclude<ClientMessage, { type: "authenticate" }>>;
type WithoutId<M> = M extends unknown ? Omit<M, "requestId"> : never;

export type State = "stopped" | "connecting" | "online" | "waiting" | "ended";

export type ConnectionEvents = {
  /** Where it stands now. */
  state: State;
  /** Signed in, at the start and after every break. */
  online: Person;
  /** Every frame, as it came. */
  frame: Frame;
  /** A connection is over, with its close code. */
  closed: number;
  /** It does not come back by itself, and why. */
  ended: Ended;
};

export interface ConnectionOptions {
  /** Where the server is, such as `https://chat.clinic.lan:3000`; in a browser its own origin when missing. */
  url?: string;
  /** The token at the moment; without one the browser's cookie decides. */
  token?: () => string | undefined | Promise<string | undefined>;
  /** Makes a WebSocket; that of the surroundings when missing. Node 20 has none: give it that of `ws`. */
  makeSocket?: (url: string) => Socket;
  /** After how long a silence the server is asked whether it is there, in milliseconds. */
  heartbeatMs?: number;
  /** How long it may take to answer that, and to open and sign in. */
  patienceMs?: number;
  random?: () => number;
}

export class Connection extends Emitter<ConnectionEvents> {
  readonly #options: ConnectionOptions;
  readonly #pending = new Map<string, { resolve: (ack: Ack) => void; reject: (reason: Error) => void }>();
  readonly #nudge = () => this.nudge();
  #state: State = "stopped";
  #ended: Ended | null = null;
  #person: Person | null = null;
  #socket: Socket | null = null;
  #failures = 0;
  #lastId = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heard = false;

  constructor(options: ConnectionOptions = {}) {
    super();
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  /** Who is signed in, while it is online. */
  get person(): Person | null {
    return this.#person;
  }

  /** Why it does not come back, when its state is `ended`. */
  get ended(): Ended | null {
    return this.#ended;
  }

  /** Connects, and keeps connected. Does nothing while it does that already. */
  start(): void {
    if (this.#state !== "stopped" && this.#state !== "ended") return;
    this.#ended = null;
    this.#failures = 0;
    // What a browser knows about its network is worth more than waiting.
    globalThis.addEventListener?.("online", this.#nudge);
    this.#connect();
  }

  /** Disconnects for good. */
  stop(): void {
    this.#finish("stopped");
  }

  /** Tries now instead of at the end of the pause, or asks a silent server now. */
  nudge(): void {
    if (this.#state === "waiting") {
      clearTimeout(this.#timer);
      this.#connect();
    } else if (this.#state === "online") {
      this.#ask();
    }
  }

  /** Says `message` and gives the `ack`. Rejects with `Refused` (not done) or `Disconnected` (not known). */
  request(message: Outgoing): Promise<Ack> {
    const socket = this.#socket;
    if (this.#state !== "online" || socket === null) return Promise.reject(new Disconnected());
    this.#lastId += 1;
    const requestId = `r${this.#lastId}`;
    return new Promise((resolve, reject) => {
      this.#pending.set(requestId, { resolve, reject });
      socket.send(JSON.stringify({ ...message, requestId }));
    });
  }

  /** Says `message` without waiting for anything, if it is online: typing, receipts. */
  tell(message: Outgoing): void {
    if (this.#state === "online") this.#socket?.send(JSON.stringify(message));
  }

  #connect(): void {
    this.#become("connecting");
    const make = this.#options.makeSocket ?? ((url: string): Socket => new WebSocket(url) as unknown as Socket);
    const socket = make(address(this.#options.url));
    this.#socket = socket;
    let failure: string | null = null;
    this.#timer = setTimeout(() => this.#drop(), this.#patience);
    socket.onopen = () => void this.#authenticate(socket);
    socket.onerror = () => undefined; // `onclose` comes after it, and says more.
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (this.#socket !== socket || typeof data !== "string") return;
      const frame = JSON.parse(data) as Frame;
      if (frame.type === "authentication_response" && !frame.success) failure = frame.code ?? null;
      this.#take(frame);
    };
    socket.onclose = ({ code }: { code: number }) => {
      if (this.#socket === socket) this.#lost(code, failure);
    };
  }

  async #authenticate(socket: Socket): Promise<void> {
    const token = await this.#options.token?.();
    if (this.#socket !== socket) return;
    socket.send(JSON.stringify(token === undefined ? { type: "authenticate" } : { type: "authenticate", token }));
  }

  #take(frame: Frame): void {
    this.#heard = true;
    if (frame.type === "authentication_response" && frame.success && frame.user !== null) {
      clearTimeout(this.#timer);
      this.#failures = 0;
      this.#person = frame.user;
      this.#listen();
      this.#become("online");
      this.emit("frame", frame);
      this.emit("online", frame.user);
      return;
    }
    if ((frame.type === "ack" || frame.type === "error") && typeof frame.requestId === "string") {
      const waiting = this.#pending.get(frame.requestId);
      this.#pending.delete(frame.requestId);
      if (frame.type === "ack") waiting?.resolve(frame);
      else waiting?.reject(new Refused(frame.code, frame.message));
    }
    this.emit("frame", frame);
  }

  get #patience(): number {
    return this.#options.patienceMs ?? 15_000;
  }

  /** Looks after a while whether anything was heard, and asks if not. */
  #listen(): void {
    this.#heard = false;
    this.#timer = setTimeout(() => (this.#heard ? this.#listen() : this.#ask()), this.#options.heartbeatMs ?? 30_000);
  }

  #ask(): void {
    clearTimeout(this.#timer);
    this.#heard = false;
    this.#socket?.send(JSON.stringify({ type: "ping" }));
    this.#timer = setTimeout(() => (this.#heard ? this.#listen() : this.#drop()), this.#patience);
  }

  /** Gives a connection up without waiting for the other side, which may be gone. */
  #drop(): void {
    const socket = this.#socket;
    this.#lost(1006, null);
    socket?.close();
  }

  #lost(code: number, failure: string | null): void {
    this.#detach();
    this.emit("closed", code);
    const ended = meaning(code, failure);
    if (ended !== null) {
      this.#finish(ended);
      return;
    }
    this.#become("waiting");
    this.#timer = setTimeout(() => this.#connect(), pauseMs(this.#failures, this.#options.random));
    this.#failures += 1;
  }

  #detach(): void {
    clearTimeout(this.#timer);
    this.#socket = null;
    this.#person = null;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new Disconnected());
  }

  #finish(ended: Ended): void {
    if (this.#state === "stopped" || this.#state === "ended") return;
    globalThis.removeEventListener?.("online", this.#nudge);
    const socket = this.#socket;
    this.#detach();
    socket?.close(1000);
    this.#ended = ended;
    this.#become(ended === "stopped" ? "stopped" : "ended");
    this.emit("ended", ended);
  }

  #become(state: State): void {
    this.#state = state;
    this.emit("state", state);
  }
}

function address(url: string | undefined): string {
  const base = url ?? globalThis.location?.origin ?? "";
  return `${base.replace(/^http/, "ws").replace(/\/+$/, "")}/ws`;
}
