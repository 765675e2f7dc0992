/** MCP Messenger for TypeScript. `Messenger` has everything; the parts can be used on their own. */
export { Messenger, type MessengerOptions } from "./messenger.js";
export { Rest, type Answer, type AnswerOf, type Asking, type PathsWith, type RestOptions } from "./rest.js";
export { Session, type SessionEvents } from "./session.js";
export { Problem, Refused, Unreachable, Disconnected, isPassing } from "./problem.js";
export { Connection, type ConnectionEvents, type ConnectionOptions, type Outgoing, type Socket, type State } from "./socket/connection.js";
export { Rooms, type Change, type RoomEvents } from "./socket/rooms.js";
export type { Ended } from "./socket/closing.js";
export { Outbox, type Draft, type OutboxEvents } from "./outbox/outbox.js";
export { MemoryStore, type Entry, type OutboxStore } from "./outbox/store.js";
export { IndexedDbStore } from "./outbox/indexeddb.js";
export { Timeline } from "./timeline.js";
export { Emitter } from "./emitter.js";
export type * from "./types.js";
export type { components, operations, paths } from "./gen/api.js";
