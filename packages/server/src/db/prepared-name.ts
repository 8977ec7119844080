import { createHash } from "node:crypto";

const names = new Map<string, string>();

/**
 * A name for a statement composed of parts, so that each connection plans it once. The same text has the same name in
 * every process; texts must be few, because a connection keeps each plan for its whole life.
 */
export function preparedName(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `made_${createHash("sha1").update(text).digest("base64url").slice(0, 16)}`;
  names.set(text, name);
  return name;
}
