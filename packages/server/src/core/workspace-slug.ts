import { cut } from "./text/text.ts";

/** The database's rule: safe in the path of a URL and in a file name. */
const SLUG = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** First path segments of the API under /v1: no workspace may have one as its name. */
const RESERVED_SLUGS = new Set([
  "user",
  "object",
  "tenant",
  "message",
  "bulk",
  "brand",
  "workspace",
  "subscriber_list",
  "subscriber",
  "user_erasure",
  "workflow_run",
  "broadcast_run",
  "template",
  "feed",
  "auth",
  "people",
]);

/** Why a workspace cannot be called so; null if it can. */
export function slugProblem(slug: string): string | null {
  if (!SLUG.test(slug)) {
    return `${JSON.stringify(cut(slug, 80))} cannot name a workspace: take up to 63 of a-z, 0-9, "-" and "_", a letter or a digit first`;
  }
  return RESERVED_SLUGS.has(slug) ? `"${slug}" is reserved and cannot name a workspace` : null;
}
