/**
 * The messages of one channel as far as they are known, brought up to date by frames and pages in any order: what
 * is newer (by `rev`) replaces what was kept, by the message's id, so nothing is there twice.
 */
import type { Rest } from "./rest.js";
import type { Change } from "./socket/rooms.js";
import type { Message, Reaction } from "./types.js";

export class Timeline {
  readonly channelId: string;
  readonly #messages = new Map<string, Message>();
  #rev = 0;
  #older: string | null | undefined;

  constructor(channelId: string) {
    this.channelId = channelId;
  }

  /** The highest `rev` seen: what to `join` with. */
  get rev(): number {
    return this.#rev;
  }

  /** Whether there may be older messages to `loadOlder`. */
  get hasOlder(): boolean {
    return this.#older !== null;
  }

  /** What is known, in the order of the channel. */
  messages(): Message[] {
    return [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id);
  }

  /** Fetches the newest page, or the one before what is known. */
  async loadOlder(rest: Rest, limit = 50): Promise<void> {
    if (this.#older === null) return;
    const answer =
      this.#older === undefined
        ? await rest.get("/api/messages", { query: { channelId: this.channelId, limit } })
        : await rest.send<Message[]>("get", this.#older);
    for (const message of answer.data) this.#put(message);
    this.#older = answer.next;
  }

  /** Takes a frame. False: it was old news, or about a message that is not known here. */
  apply({ type, data }: Change): boolean {
    if (data.channelId !== this.channelId) return false;
    if (type === "new_message" || type === "message_updated" || type === "message_deleted") {
      return this.#put(data);
    }
    this.#rev = Math.max(this.#rev, data.rev);
    const known = this.#messages.get(data.messageId);
    if (known === undefined || data.rev <= known.rev) return false;
    const changed = { ...known, rev: data.rev };
    if (type === "thread_updated") changed.replies = data.replies;
    else if (type === "message_pinned" || type === "message_unpinned") changed.pinned = type === "message_pinned";
    else changed.reactions = reacted(known.reactions, data.reaction, data.userId, type === "reaction_added");
    this.#messages.set(known.id, changed);
    return true;
  }

  #put(message: Message): boolean {
    this.#rev = Math.max(this.#rev, message.rev);
    const known = this.#messages.get(message.id);
    if (known !== undefined && message.rev <= known.rev) return false;
    this.#messages.set(message.id, message);
    return true;
  }
}

function reacted(groups: readonly Reaction[], reaction: string, userId: string, added: boolean): Reaction[] {
  const others = groups.filter((group) => group.reaction !== reaction);
  const users = new Set(groups.find((group) => group.reaction === reaction)?.userIds);
  if (added) users.add(userId);
  else users.delete(userId);
  if (users.size === 0) return others;
  const group = { reaction, count: users.size, userIds: [...users].sort() };
  // As the server orders them: by the characters.
  return [...others, group].sort((a, b) => (a.reaction < b.reaction ? -1 : 1));
}
