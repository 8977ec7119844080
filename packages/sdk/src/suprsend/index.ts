/**
 * The names of `@suprsend/node-sdk` 1.15.1 over Carillon's client, and those that the Python and Go clients have
 * besides: a move is the import, and the address of your server.
 */
export * from "./names.ts";
/** For code that imports the whole: `import suprsend from "…"`. */
export * as default from "./names.ts";
export type { Dictionary } from "./records.ts";
export type { SResponse } from "./replies.ts";
export type { Subscriber } from "./users.ts";
export type { SuprsendConfig } from "./suprsend.ts";
