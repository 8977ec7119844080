import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Digest, Hashes } from "./hashes.ts";

/*
 * What Node does better than portable code: the only file of the package that needs Node. The Node doors, which
 * package.json selects, pass it to the engines.
 */

/** Reads the C program jq as jq-web ships it. */
export function readProgram(): Uint8Array {
  return readFileSync(createRequire(import.meta.url).resolve("jq-web/jq.wasm"));
}

/** OpenSSL's hashes, which take a half to a tenth of the time. */
export const NODE_HASHES: Hashes = {
  md5: () => digest("md5"),
  sha1: () => digest("sha1"),
  sha256: () => digest("sha256"),
  sha512: () => digest("sha512"),
  sha3: () => digest("sha3-512"),
};

function digest(algorithm: string): Digest {
  const hash = createHash(algorithm);
  return { update: (text) => void hash.update(text, "utf8"), hex: () => hash.digest("hex") };
}
