import type { Workspace } from "../workspaces/workspaces.ts";

/** The parts of an HTTP request that authentication may look at. */
export interface IncomingRequest {
  method: string;
  /** Path and query exactly as on the wire. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  params: Record<string, string>;
  /** The bytes as they came: signatures are over them. */
  raw: Buffer | null;
}

/** Who is calling and for which workspace. */
export interface Auth {
  workspace: Workspace;
  /** The credential, by an id that is safe to log. */
  principal: string;
}
