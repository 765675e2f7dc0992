/**
 * The objects and frames of the protocol, named as `docs/protocol.md` names them. They are made from the server's
 * own description; nothing here is written twice.
 */
import type { components } from "./gen/api.js";

type Schemas = components["schemas"];

export type User = Schemas["User"];
export type Person = Schemas["Person"];
export type SignedIn = Schemas["SignedIn"];
export type Channel = Schemas["Channel"];
export type Member = Schemas["Member"];
export type Message = Schemas["Message"];
export type Deleted = Schemas["Deleted"];
export type Reaction = Schemas["Reaction"];
export type Invitation = Schemas["Invitation"];
export type Setting = Schemas["Setting"];
export type FieldProblem = Schemas["FieldProblem"];
export type ProblemBody = Schemas["Problem"];

/** Everything that a server says over the WebSocket; told apart by `type`. */
export type Frame = Schemas["Frame"];
/** One kind of it. */
export type FrameOf<T extends Frame["type"]> = Extract<Frame, { type: T }>;
/** Everything that a client says over the WebSocket; told apart by `type`. */
export type ClientMessage = Schemas["ClientMessage"];
/** One kind of it. */
export type ClientMessageOf<T extends ClientMessage["type"]> = Extract<ClientMessage, { type: T }>;
export type Ack = FrameOf<"ack">;
