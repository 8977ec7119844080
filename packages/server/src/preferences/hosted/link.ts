import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { CHANNELS, type Channel } from "../../core/channel.ts";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import type { LinkKeys } from "../../workspaces/link-keys.ts";

/**
 * Links to a person's preference page. A link is its own proof: who has it may read and change what one recipient
 * gets in one tenant, and nothing else.
 *
 * `<base64url of JSON>.<base64url of HMAC-SHA256>`. The MAC is over the encoded text, and compared as text, so that no
 * second spelling of a token is valid. It names the recipient by our id and not by the workspace's: theirs is often an
 * e-mail address, which has no place in the logs of proxies, and may be longer than a mail header allows.
 */
export interface LinkClaims {
  workspace_id: number;
  /** The id of a row of `recipient`, which a merge may have removed since. */
  recipient_id: string;
  tenant_id: string;
  /** Null: all. Otherwise the page shows and changes this one alone. */
  channel: Channel | null;
  /** Slug of the category whose message has the link. */
  category: string | null;
  message_id: string | null;
  /** Canonical; the language that the message was written for. */
  locale: string | null;
  expires_at: Date;
}

export const LINK_DAYS = 60;
const DAY_MS = 86_400_000;

export function linkExpiry(now: Date, days = LINK_DAYS): Date {
  return new Date(now.getTime() + days * DAY_MS);
}

/** One letter each: the address must fit a line of a mail's header. What is as usual is left out. */
const claims = z.strictObject({
  w: z.int().min(1).max(2_147_483_647),
  r: z.string().min(1).max(64),
  t: z.string().max(64).default(DEFAULT_TENANT),
  c: z.enum(CHANNELS).optional(),
  g: z.string().max(255).optional(),
  m: z.string().max(64).optional(),
  l: z.string().max(64).optional(),
  /** Seconds since the epoch. */
  exp: z.int().min(0).max(8_640_000_000_000),
  k: z.int().min(1).max(2_147_483_647),
});

type WireClaims = z.input<typeof claims>;

export function signLink(link: LinkClaims, keys: LinkKeys): string {
  const { channel, category, message_id, locale } = link;
  const wire: WireClaims = {
    w: link.workspace_id,
    r: link.recipient_id,
    ...(link.tenant_id === DEFAULT_TENANT ? {} : { t: link.tenant_id }),
    ...(channel === null ? {} : { c: channel }),
    ...(category === null ? {} : { g: category }),
    ...(message_id === null ? {} : { m: message_id }),
    ...(locale === null ? {} : { l: locale }),
    exp: Math.floor(link.expires_at.getTime() / 1000),
    k: keys.generation,
  };
  const payload = Buffer.from(JSON.stringify(wire)).toString("base64url");
  return `${payload}.${mac(payload, keys.keyOf(keys.generation))}`;
}

/** What a token says of itself, which nothing has proven yet. */
export interface UnprovenLink {
  workspace_id: number;
  /** Null: it was not signed by this workspace, or under a key that was revoked. Does not look at `expires_at`. */
  prove: (keys: LinkKeys) => LinkClaims | null;
}

const MAX_TOKEN = 2048;
const TOKEN = /^([\w-]+)\.([\w-]{43})$/;

/** Null: no token of ours has this form. */
export function readLink(token: string): UnprovenLink | null {
  const [, payload = "", signature = ""] = (token.length <= MAX_TOKEN ? TOKEN.exec(token) : null) ?? [];
  const parsed = claims.safeParse(parseJson(Buffer.from(payload, "base64url").toString("utf8")));
  if (!parsed.success) return null;
  const { w, r, t, c, g, m, l, exp, k } = parsed.data;
  return {
    workspace_id: w,
    prove(keys) {
      if (k < keys.oldest_generation) return null;
      const expected = Buffer.from(mac(payload, keys.keyOf(k)));
      if (!timingSafeEqual(expected, Buffer.from(signature))) return null;
      return {
        workspace_id: w,
        recipient_id: r,
        tenant_id: t,
        channel: c ?? null,
        category: g ?? null,
        message_id: m ?? null,
        locale: l ?? null,
        expires_at: new Date(exp * 1000),
      };
    },
  };
}

function mac(payload: string, key: Buffer): string {
  return createHmac("sha256", key).update(payload).digest("base64url");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** The address of the page. `base` has no slash at its end. */
export function pageAddress(base: string, token: string): string {
  return `${base}/p/${token}`;
}

/** The address for `List-Unsubscribe`: a POST opts out, a GET shows the page. https://www.rfc-editor.org/rfc/rfc8058 */
export function oneClickAddress(page: string): string {
  return `${page}/one-click`;
}
