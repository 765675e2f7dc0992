/**
 * Sends what was written, whatever happens to the network: kept before it is sent, sent again after a break under
 * the same `clientMessageId`, forgotten when the server has acknowledged it.
 */
import { Emitter } from "../emitter.js";
import { Disconnected, Refused } from "../problem.js";
import { pauseMs } from "../socket/backoff.js";
import type { Connection } from "../socket/connection.js";
import type { Ack } from "../types.js";
import type { Entry, OutboxStore } from "./store.js";

/** What a person wrote. */
export type Draft = Pick<Entry, "channelId" | "text" | "containsPHI" | "metadata" | "replyTo">;

export type OutboxEvents = {
  /** An entry was added, failed, or is tried again. */
  change: Entry;
  /** The server has it: it is on its disk. */
  sent: { entry: Entry; ack: Ack };
};

/** Closed because a frame was too big. */
const TOO_BIG = 1009;

export class Outbox extends Emitter<OutboxEvents> {
  readonly #connection: Connection;
  readonly #store: OutboxStore;
  readonly #entries = new Map<string, Entry>();
  /** Which entry of which channel is on its way: one at a time, so that none overtakes another. */
  readonly #underway = new Map<string, string>();
  /** Channels that wait a while, because the server asked for it, and how often in a row. */
  readonly #resting = new Set<string>();
  readonly #failures = new Map<string, number>();
  #loaded: Promise<void> | null = null;
  /** After a frame was too big: one at a time over all channels, until it is found which. */
  #careful = false;
  #closed = false;

  constructor(connection: Connection, store: OutboxStore) {
    super();
    this.#connection = connection;
    this.#store = store;
    connection.on("online", () => void this.#pump());
    connection.on("closed", (code) => {
      if (code === TOO_BIG) this.#suspect();
    });
  }

  /** What is not yet acknowledged, oldest first. */
  async entries(): Promise<Entry[]> {
    await this.#load();
    return this.#inOrder();
  }

  /** Takes a message. Once this has resolved it will be sent, now or after the next start. */
  async post(draft: Draft): Promise<Entry> {
    await this.#load();
    const latest = this.#inOrder().at(-1)?.writtenAt ?? 0;
    const entry: Entry = {
      ...draft,
      clientMessageId: crypto.randomUUID(),
      // A clock that was set back must not change the order.
      writtenAt: Math.max(Date.now(), latest + 1),
      failure: null,
    };
    await this.#store.save(entry);
    this.#entries.set(entry.clientMessageId, entry);
    this.emit("change", entry);
    void this.#pump();
    return entry;
  }

  /** Takes a message and waits until the server has it, or has refused it for good (`Refused`). */
  async postAndWait(draft: Draft): Promise<Ack> {
    const entry = await this.post(draft);
    return new Promise((resolve, reject) => {
      const offs = [
        this.on("sent", ({ entry: { clientMessageId }, ack }) => {
          if (clientMessageId === entry.clientMessageId) settle(() => resolve(ack));
        }),
        this.on("change", ({ clientMessageId, failure }) => {
          if (clientMessageId !== entry.clientMessageId || failure === null) return;
          settle(() => reject(new Refused(failure, "The server did not take the message.")));
        }),
      ];
      const settle = (then: () => void) => {
        for (const off of offs) off();
        then();
      };
    });
  }

  /** Sends an entry that failed once more, perhaps changed: a new text, or marked as patient details. */
  async retry(clientMessageId: string, changes: Partial<Draft> = {}): Promise<void> {
    await this.#load();
    const entry = this.#entries.get(clientMessageId);
    if (entry === undefined || entry.failure === null) return;
    await this.#keep({ ...entry, ...changes, failure: null });
    void this.#pump();
  }

  /** Gives an entry up. One that is on its way may have arrived. */
  async discard(clientMessageId: string): Promise<void> {
    await this.#load();
    this.#entries.delete(clientMessageId);
    await this.#store.remove(clientMessageId);
  }

  /** Forgets everything, as at a sign-out on a shared computer. */
  async wipe(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
    await this.#store.wipe();
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#store.load().then((kept) => {
      for (const entry of kept) this.#entries.set(entry.clientMessageId, entry);
    });
    return this.#loaded;
  }

  #inOrder(): Entry[] {
    return [...this.#entries.values()].sort((a, b) => a.writtenAt - b.writtenAt);
  }

  /** Starts whatever can be started now. */
  async #pump(): Promise<void> {
    await this.#load();
    for (const entry of this.#inOrder()) {
      const { channelId, failure, clientMessageId } = entry;
      if (this.#closed || this.#connection.state !== "online") return;
      if (this.#careful && this.#underway.size > 0) return;
      if (failure !== null || this.#underway.has(channelId) || this.#resting.has(channelId)) continue;
      this.#underway.set(channelId, clientMessageId);
      void this.#send(entry);
    }
  }

  async #send(entry: Entry): Promise<void> {
    const { channelId, clientMessageId } = entry;
    try {
      const ack = await this.#connection.request(message(entry));
      this.#careful = false;
      this.#failures.delete(channelId);
      await this.discard(clientMessageId);
      this.emit("sent", { entry, ack });
    } catch (reason) {
      if (reason instanceof Refused && !reason.isPassing) await this.#fail(entry, reason.code);
      else if (reason instanceof Refused) this.#rest(channelId);
      else if (!(reason instanceof Disconnected)) throw reason;
      // After a break `online` begins anew.
      else return;
    } finally {
      if (this.#underway.get(channelId) === clientMessageId) this.#underway.delete(channelId);
    }
    void this.#pump();
  }

  #rest(channelId: string): void {
    const failures = this.#failures.get(channelId) ?? 0;
    this.#failures.set(channelId, failures + 1);
    this.#resting.add(channelId);
    setTimeout(() => {
      this.#resting.delete(channelId);
      void this.#pump();
    }, pauseMs(failures));
  }

  #suspect(): void {
    const [only, ...others] = this.#underway.values();
    this.#careful = true;
    const entry = only === undefined || others.length > 0 ? undefined : this.#entries.get(only);
    if (entry !== undefined) void this.#fail(entry, "too_big");
  }

  async #fail(entry: Entry, failure: string): Promise<void> {
    if (this.#entries.has(entry.clientMessageId)) await this.#keep({ ...entry, failure });
  }

  async #keep(entry: Entry): Promise<void> {
    this.#entries.set(entry.clientMessageId, entry);
    await this.#store.save(entry);
    this.emit("change", entry);
  }
}

function message({ clientMessageId, channelId, text, containsPHI, metadata, replyTo }: Entry) {
  return {
    type: "send_message" as const,
    clientMessageId,
    channelId,
    text,
    ...(containsPHI === undefined ? {} : { containsPHI }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}
