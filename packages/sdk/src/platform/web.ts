import type { Platform } from "./platform.ts";

/** Workers and browsers. */
export const platform: Platform = { name: "web", crypto: globalThis.crypto, files: null };
