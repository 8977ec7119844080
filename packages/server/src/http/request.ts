import type { ErrorFamily } from "./envelope.ts";
import type { Workspace } from "../workspaces/workspaces.ts";

/** The parts of an HTTP request that authentication may read. */
export interface IncomingRequest {
  method: string;
  /** Path and query exactly as on the wire. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  params: Record<string, string>;
  /** The bytes as received: signatures are computed over them. */
  raw: Buffer | null;
  /** How its route refuses: one fact has different texts in two families. */
  family: ErrorFamily;
}

/** The caller and its workspace. */
export interface Auth {
  workspace: Workspace;
  /** The credential's id, which is safe to log. */
  principal: string;
}
