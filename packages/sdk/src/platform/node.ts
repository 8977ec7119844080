import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fetchByHttp } from "./node-http.ts";
import type { Platform } from "./platform.ts";

export const platform: Platform = {
  name: `node/${process.versions.node}; ${process.platform}`,
  // Node 18 has no global one.
  crypto: webcrypto,
  fetch: fetchByHttp,
  files: { read: (path) => readFile(path), readSync: (path) => readFileSync(path) },
};
