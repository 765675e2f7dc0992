/**
 * The channels that are listened to: joined once, and after every break again with the `rev` that was seen last, so
 * that what was said in between is replayed. Each channel has a number of its own; what another one said last says
 * nothing about it.
 */
import { Emitter } from "../emitter.js";
import { Disconnected, Refused } from "../problem.js";
import type { Frame, Message } from "../types.js";
import { pauseMs } from "./backoff.js";
import type { Connection } from "./connection.js";

/** A frame about a message of a channel: it has a `rev`. */
export type Change = Extract<Frame, { data: { rev: number; channelId: string } }>;

export type RoomEvents = {
  /** Something changed in a channel that is listened to. */
  change: Change;
  /** A channel is up to date, at the start and after every break; with the `rev` up to which. */
  caughtUp: { channelId: string; rev: number };
  /** A channel is listened to no longer: refused, left, taken away or deleted. */
  lost: { channelId: string; problem: Refused | null };
};

interface Room {
  rev: number | null;
  password: string | undefined;
  failures: number;
  first: { resolve: () => void; reject: (reason: Error) => void } | null;
}

export class Rooms extends Emitter<RoomEvents> {
  readonly #connection: Connection;
  readonly #rooms = new Map<string, Room>();

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
    connection.on("online", () => {
      for (const channelId of this.#rooms.keys()) void this.#enter(channelId);
    });
    connection.on("frame", (frame) => this.#take(frame));
  }

  /**
   * Listens to a channel from now on, through every break. `since` is the highest `rev` that is known of it; what
   * changed after it comes first. Without it only what comes is heard. Resolves when the channel is up to date.
   */
  join(channelId: string, { since, password }: { since?: number; password?: string } = {}): Promise<void> {
    const before = this.#rooms.get(channelId);
    before?.first?.resolve();
    return new Promise((resolve, reject) => {
      const rev = since ?? before?.rev ?? null;
      this.#rooms.set(channelId, { rev, password, failures: 0, first: { resolve, reject } });
      if (this.#connection.state === "online") void this.#enter(channelId);
    });
  }

  /** Listens no longer. The membership stays. */
  leave(channelId: string): void {
    if (!this.#rooms.has(channelId)) return;
    this.#connection.tell({ type: "leave_channel", channelId });
    this.#forget(channelId, null);
  }

  /** Up to which `rev` a channel is known; to be kept for the next `join`. */
  rev(channelId: string): number | null {
    return this.#rooms.get(channelId)?.rev ?? null;
  }

  /** The channels that are listened to. */
  get channels(): string[] {
    return [...this.#rooms.keys()];
  }

  async #enter(channelId: string): Promise<void> {
    const room = this.#rooms.get(channelId);
    if (room === undefined) return;
    try {
      const ack = await this.#connection.request({
        type: "join_channel",
        channelId,
        ...(room.rev === null ? {} : { since: room.rev }),
        ...(room.password === undefined ? {} : { password: room.password }),
      });
      room.failures = 0;
      // It is needed once; afterwards the membership decides.
      room.password = undefined;
      this.#raise(room, ack.rev ?? 0);
      room.first?.resolve();
      room.first = null;
      this.emit("caughtUp", { channelId, rev: room.rev ?? 0 });
    } catch (reason) {
      // When the connection is back, this is called again.
      if (reason instanceof Disconnected || this.#rooms.get(channelId) !== room) return;
      const refused = reason as Refused;
      if (!refused.isPassing) {
        this.#forget(channelId, refused);
        return;
      }
      setTimeout(() => void this.#enter(channelId), pauseMs(room.failures));
      room.failures += 1;
    }
  }

  #take(frame: Frame): void {
    if (frame.type === "system_event") {
      const channelId = (frame.data as { channelId?: unknown }).channelId;
      const over = frame.eventType === "removed_from_channel" || frame.eventType === "channel_deleted";
      if (over && typeof channelId === "string" && this.#rooms.has(channelId)) this.#forget(channelId, null);
      return;
    }
    if (!isChange(frame)) return;
    const room = this.#rooms.get(frame.data.channelId);
    // The first join without `since` sets the mark by its ack: what is live before that is not yet a whole.
    if (room !== undefined && room.rev !== null) this.#raise(room, frame.data.rev);
    this.emit("change", frame);
  }

  #raise(room: Room, rev: number): void {
    room.rev = Math.max(room.rev ?? 0, rev);
  }

  #forget(channelId: string, problem: Refused | null): void {
    const room = this.#rooms.get(channelId);
    this.#rooms.delete(channelId);
    room?.first?.reject(problem ?? new Disconnected());
    this.emit("lost", { channelId, problem });
  }
}

function isChange(frame: Frame): frame is Change {
  if (!("data" in frame)) return false;
  const data = frame.data as Partial<Message>;
  return typeof data.rev === "number" && typeof data.channelId === "string";
}
