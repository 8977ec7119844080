import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { createLru } from "../../core/lru.ts";

/**
 * The addresses of tracked mails: `<base64url of JSON>.<base64url of half an HMAC-SHA256>`. An address says which message
 * it was made for and, of a link, where it leads, so that nobody can make us lead to a place of their choice.
 */
export interface TrackedLink {
  workspace_id: number;
  message_id: string;
  /** Where a click leads; null: the image of an opening. */
  url: string | null;
}

const payload = z.union([
  z.tuple([z.int().min(1).max(2_147_483_647), z.string().min(1).max(64)]),
  z.tuple([z.int().min(1).max(2_147_483_647), z.string().min(1).max(64), z.url({ protocol: /^https?$/ })]),
]);

const MAC_BYTES = 16;
const TOKEN = /^([\w-]{1,6000})\.([\w-]{22})$/;

/** The key of a workspace's tracked links, from a secret that is sealed at rest. */
export function trackingKey(secret: string): Buffer {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const key = Buffer.from(hkdfSync("sha256", secret, "carillon", "mail-tracking", 32));
  keys.set(secret, key);
  return key;
}

/** Deriving one takes longer than the rest of a link. */
const keys = createLru<Buffer>(1000);

export function signTrackedLink({ workspace_id, message_id, url }: TrackedLink, key: Buffer): string {
  const said = url === null ? [workspace_id, message_id] : [workspace_id, message_id, url];
  const text = Buffer.from(JSON.stringify(said)).toString("base64url");
  return `${text}.${mac(text, key)}`;
}

/** What a token says, which nothing has proven yet; null: no token of ours has this form. */
export function readTrackedLink(
  token: string,
): { link: TrackedLink; isSigned: (key: Buffer) => boolean } | null {
  const [, text = "", signature = ""] = TOKEN.exec(token) ?? [];
  const parsed = payload.safeParse(jsonOf(text));
  if (!parsed.success) return null;
  const [workspace_id, message_id, url = null] = parsed.data;
  return {
    link: { workspace_id, message_id, url },
    isSigned: (key) => timingSafeEqual(Buffer.from(mac(text, key)), Buffer.from(signature)),
  };
}

function mac(text: string, key: Buffer): string {
  return createHmac("sha256", key).update(text).digest().subarray(0, MAC_BYTES).toString("base64url");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
