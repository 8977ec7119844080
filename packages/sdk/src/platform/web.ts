import type { Platform } from "./platform.ts";

/** Workers and browsers. */
export const platform: Platform = {
  name: "web",
  crypto: globalThis.crypto,
  files: null,
  // Looked up at each call, so that what wraps it later is used.
  fetch: (url, request) => globalThis.fetch(url, request),
};
