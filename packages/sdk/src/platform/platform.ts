/** What a runtime has that others do not. `#platform` is this for Node, Bun and Deno, or for everything else. */
export interface Platform {
  /** `node/24.1.0; linux`, for the User-Agent. */
  name: string;
  crypto: WebCrypto;
  /** Null where there are no files. */
  files: Files | null;
  /** One HTTP request. */
  fetch: Fetch;
}

/** The part of `fetch` that the SDK uses. */
export type Fetch = (url: URL, request: FetchedRequest) => Promise<Fetched>;

export interface FetchedRequest {
  method: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer> | null;
  signal: AbortSignal;
  redirect: "manual";
}

export interface Fetched {
  ok: boolean;
  status: number;
  statusText: string;
  headers: { get: (name: string) => string | null };
  text: () => Promise<string>;
}

/** By this name in every set of type libraries. */
export type WebCrypto = typeof globalThis.crypto;

export interface Files {
  read: (path: string | URL) => Promise<Uint8Array>;
  readSync: (path: string | URL) => Uint8Array;
}
