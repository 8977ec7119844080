/** What a runtime has that others do not. `#platform` is this for Node, Bun and Deno, or for everything else. */
export interface Platform {
  /** `node/24.1.0; linux`, for the User-Agent. */
  name: string;
  crypto: WebCrypto;
  /** Null where there are no files. */
  files: Files | null;
}

/** By this name in every set of type libraries. */
export type WebCrypto = typeof globalThis.crypto;

export interface Files {
  read: (path: string | URL) => Promise<Uint8Array>;
  readSync: (path: string | URL) => Uint8Array;
}
