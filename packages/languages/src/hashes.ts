import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { sha3_512 } from "@noble/hashes/sha3.js";
import { bytesToHex, type CHash } from "@noble/hashes/utils.js";
import { toUtf8 } from "./bytes.ts";

/** The hash functions of Jsonnet's library. Each call starts a new digest. */
export type Hashes = Record<"md5" | "sha1" | "sha256" | "sha512" | "sha3", () => Digest>;

export interface Digest {
  /** Adds the UTF-8 of the next piece of a string. */
  update: (text: string) => void;
  /** Ends the digest and gives it in lower-case hexadecimal. */
  hex: () => string;
}

/** Hashes in plain JavaScript: Web Crypto is asynchronous, and has neither MD5 nor SHA-3. */
export const PORTABLE_HASHES: Hashes = {
  md5: () => digest(md5),
  sha1: () => digest(sha1),
  sha256: () => digest(sha256),
  sha512: () => digest(sha512),
  sha3: () => digest(sha3_512),
};

function digest(algorithm: CHash): Digest {
  const hash = algorithm.create();
  return { update: (text) => void hash.update(toUtf8(text)), hex: () => bytesToHex(hash.digest()) };
}
