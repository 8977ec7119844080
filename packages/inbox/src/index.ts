/** The headless inbox: state, connection, edits, and nothing that draws. */
export type * from "./core/types.ts";
export { createInbox } from "./core/create-inbox.ts";
export { linkOf, safeHref } from "./core/href.ts";
export { parseMarkdown } from "./core/markdown.ts";
