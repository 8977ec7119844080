import type { ErrorFamily } from "./envelope.ts";
import type { SignedIn } from "../people/sessions.ts";
import type { Workspace } from "../workspaces/workspaces.ts";

/** The parts of an HTTP request that authentication reads: all of it but the body, which has not been received yet. */
export interface IncomingRequest {
  method: string;
  /** Path and query exactly as on the wire. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  params: Record<string, string>;
  /** Where the request came from, as trusted proxies say; of IPv6 the network. */
  address: string;
  /** The other end of the connection, perhaps a proxy. */
  peer: string;
  request_id: string;
  /** How its route refuses: one fact has different texts in two families. */
  family: ErrorFamily;
  /** Throws when the caller's address has tried too many credentials that do not exist. Called before a new one is looked up. */
  beforeLookup: () => void;
}

/** Who the caller says it is, judged by the headers alone. */
export interface Claim<Who extends Principal = Principal> {
  auth: Who;
  /** Throws an `AppError` unless the body, as received, bears the claim out. Absent: the headers were proof enough. */
  confirm?: (body: Buffer | null) => void;
  /**
   * Whose requests count together against the limit of browsers and apps, where many share a credential: a person, or with
   * null the address. Absent: those of the credential count, against the limit of servers.
   */
  counted?: string | null;
}

/** The caller. */
export interface Principal {
  /** The credential's id, which is safe to log. */
  principal: string;
  /** The person behind a session; absent for keys and tokens, which may do all that their surface has. */
  member?: SignedIn;
}

/** The caller and its workspace. */
export interface Auth extends Principal {
  workspace: Workspace;
}

/** A header's value, the first of several; empty if there is none. `name` in lower case. */
export function headerOf(headers: IncomingRequest["headers"], name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}
