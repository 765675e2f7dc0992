/** What the end of a connection means (`docs/protocol.md`, "How a connection ends"). */
import { isPassing } from "../problem.js";

/** Why a connection does not come back by itself. */
export type Ended =
  /** This side ended it. */
  | "stopped"
  /** The sign-in is over or was never good: sign in again. */
  | "signed-out"
  /** A rule was broken, such as a foreign origin: trying again is of no use. */
  | "refused"
  /** Too many unusable frames: this client has a fault. */
  | "abuse"
  /** An administrator ended it: connect again if the person wants to. */
  | "ended-by-administrator";

/** Why a connection does not come back, or null: then it is worth trying again. `failure` is the code of a failed sign-in. */
export function meaning(code: number, failure: string | null): Ended | null {
  switch (code) {
    case 1008:
      return "refused";
    case 4001:
      // The server was too busy to look; the sign-in may be as good as ever.
      return failure === null || isPassing(failure) ? null : "signed-out";
    case 4002:
      return "signed-out";
    case 4003:
      return "abuse";
    case 4005:
      return "ended-by-administrator";
    default:
      return null;
  }
}
