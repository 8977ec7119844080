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
}

/** The caller. */
export interface Principal {
  /** The credential's id, which is safe to log. */
  principal: string;
}

/** The caller and its workspace. */
export interface Auth extends Principal {
  workspace: Workspace;
}
