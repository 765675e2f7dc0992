/** What was written and is not yet acknowledged, and where it is kept meanwhile. */

/** A message on its way. */
export interface Entry {
  /** Makes sending idempotent: however often it is sent, it is posted once. */
  clientMessageId: string;
  channelId: string;
  text: string;
  containsPHI?: boolean;
  metadata?: Record<string, unknown>;
  replyTo?: string;
  /** When it was written, in milliseconds since 1970; the order in which they are sent. */
  writtenAt: number;
  /** The code of the refusal, where the server will not take it as it is: somebody has to decide. */
  failure: string | null;
}

/** A place that keeps entries. What `save` has resolved has to be there after a restart, as far as the place can. */
export interface OutboxStore {
  /** All that is kept, in any order. */
  load(): Promise<Entry[]>;
  /** Keeps an entry, or a later state of it. */
  save(entry: Entry): Promise<void>;
  remove(clientMessageId: string): Promise<void>;
  /** Forgets everything, as at a sign-out. */
  wipe(): Promise<void>;
}

/** Keeps entries as long as the program runs. */
export class MemoryStore implements OutboxStore {
  readonly #entries = new Map<string, Entry>();

  load(): Promise<Entry[]> {
    return Promise.resolve([...this.#entries.values()]);
  }

  save(entry: Entry): Promise<void> {
    this.#entries.set(entry.clientMessageId, { ...entry });
    return Promise.resolve();
  }

  remove(clientMessageId: string): Promise<void> {
    this.#entries.delete(clientMessageId);
    return Promise.resolve();
  }

  wipe(): Promise<void> {
    this.#entries.clear();
    return Promise.resolve();
  }
}
