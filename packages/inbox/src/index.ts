/** The headless inbox: state, connection, edits, and nothing that draws. */
export type * from "./core/types.ts";
