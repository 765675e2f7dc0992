/** Everything together: one server, one person, REST and WebSocket. */
import { Outbox } from "./outbox/outbox.js";
import { MemoryStore, type OutboxStore } from "./outbox/store.js";
import { Rest, type RestOptions } from "./rest.js";
import { Session } from "./session.js";
import { Connection, type ConnectionOptions } from "./socket/connection.js";
import { Rooms } from "./socket/rooms.js";

export interface MessengerOptions
  extends Pick<RestOptions, "url" | "patienceMs" | "fetch">,
    Pick<ConnectionOptions, "makeSocket" | "heartbeatMs"> {
  /** Where messages wait for their acknowledgement; in memory when missing. */
  outbox?: OutboxStore;
}

export class Messenger {
  readonly rest: Rest;
  /** With a token. In the server's own pages nobody signs in here: the cookie goes along by itself. */
  readonly session: Session;
  readonly connection: Connection;
  readonly rooms: Rooms;
  readonly outbox: Outbox;

  constructor(options: MessengerOptions = {}) {
    const token = () => this.session.token;
    this.rest = new Rest({ ...options, token, onSignedOut: () => this.session.forget() });
    this.session = new Session(this.rest);
    this.connection = new Connection({ ...options, token });
    this.rooms = new Rooms(this.connection);
    this.outbox = new Outbox(this.connection, options.outbox ?? new MemoryStore());
    this.connection.on("ended", (why) => {
      if (why === "signed-out") this.session.forget();
    });
  }

  /** Signs in and connects. */
  async signIn(username: string, password: string, code?: string): Promise<void> {
    await this.session.signIn(username, password, code);
    this.connection.start();
  }

  /** Disconnects, signs out, and forgets what was not sent. */
  async signOut(): Promise<void> {
    this.connection.stop();
    await this.outbox.wipe();
    await this.session.signOut();
  }
}
