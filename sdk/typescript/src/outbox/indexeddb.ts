/**
 * Keeps entries in the browser's own database, one database for each person, so that a shared computer never sends
 * what another wrote. Texts may hold patient details: each entry is sealed (AES-256-GCM) under a key that scripts
 * can use and cannot read out.
 */
import type { Entry, OutboxStore } from "./store.js";

interface Sealed {
  id: string;
  nonce: Uint8Array<ArrayBuffer>;
  box: ArrayBuffer;
}

export class IndexedDbStore implements OutboxStore {
  readonly #name: string;
  #open: Promise<{ database: IDBDatabase; key: CryptoKey }> | null = null;

  /** `person` is the id of whoever is signed in. */
  constructor(person: string) {
    this.#name = `mcp-messenger-outbox-${person}`;
  }

  async load(): Promise<Entry[]> {
    const { database, key } = await this.#opened();
    const rows = await done<Sealed[]>(database.transaction("entries").objectStore("entries").getAll());
    const entries = await Promise.all(rows.map((row) => unseal(key, row)));
    // What cannot be opened belongs to a key that is gone; it is nobody's any more.
    return entries.filter((entry): entry is Entry => entry !== null);
  }

  async save(entry: Entry): Promise<void> {
    const { database, key } = await this.#opened();
    const sealed = await seal(key, entry);
    // Strict: an answer means that it is on the disk, not in a buffer.
    const change = database.transaction("entries", "readwrite", { durability: "strict" });
    change.objectStore("entries").put(sealed);
    await committed(change);
  }

  async remove(clientMessageId: string): Promise<void> {
    const { database } = await this.#opened();
    const change = database.transaction("entries", "readwrite");
    change.objectStore("entries").delete(clientMessageId);
    await committed(change);
  }

  async wipe(): Promise<void> {
    const opened = await this.#open;
    opened?.database.close();
    this.#open = null;
    await done(indexedDB.deleteDatabase(this.#name));
  }

  #opened(): Promise<{ database: IDBDatabase; key: CryptoKey }> {
    this.#open ??= this.#prepare().catch((fault: unknown) => {
      this.#open = null;
      throw fault;
    });
    return this.#open;
  }

  async #prepare(): Promise<{ database: IDBDatabase; key: CryptoKey }> {
    const asking = indexedDB.open(this.#name, 1);
    asking.onupgradeneeded = () => {
      asking.result.createObjectStore("entries", { keyPath: "id" });
      asking.result.createObjectStore("keys");
    };
    const database = await done<IDBDatabase>(asking);
    // Another tab signs out: let go, or its wipe waits for ever.
    database.onversionchange = () => {
      database.close();
      this.#open = null;
    };
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const change = database.transaction("keys", "readwrite");
    const keys = change.objectStore("keys");
    // Two tabs may be here at once: the first one's key is everybody's.
    const there = await done<CryptoKey | undefined>(keys.get("entries"));
    if (there === undefined) keys.put(made, "entries");
    await committed(change);
    return { database, key: there ?? made };
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function seal(key: CryptoKey, entry: Entry): Promise<Sealed> {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const id = entry.clientMessageId;
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: bytes(id) };
  return { id, nonce, box: await crypto.subtle.encrypt(algorithm, key, bytes(JSON.stringify(entry))) };
}

async function unseal(key: CryptoKey, { id, nonce, box }: Sealed): Promise<Entry | null> {
  try {
    const algorithm = { name: "AES-GCM", iv: nonce, additionalData: bytes(id) };
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, box))) as Entry;
  } catch {
    return null;
  }
}

function done<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}

function committed(change: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onabort = change.onerror = () => reject(change.error ?? new Error("IndexedDB"));
  });
}
