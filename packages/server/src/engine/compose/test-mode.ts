import { type Channel, CHANNEL_TRAITS } from "../../core/channel.ts";
import type { Identity, StoredIdentity } from "../../core/profile/identity.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { readMailbox } from "../../core/mailbox.ts";
import type { TestMode } from "../../core/test-mode.ts";
import type { WalkDeps } from "../deps.ts";

/**
 * Actual destination of a message. In test mode, test addresses are sent to as usual; everything else goes to the
 * channel's catch-all address, or is blocked if there is none.
 */
export interface Aim {
  identity: Identity;
  /** Logged with the run; null when the message goes to its original address. */
  redirected: string | null;
  /** Why it is blocked; null when it is sent. */
  blocked: string | null;
}

export function redirectForTestMode(
  identity: StoredIdentity,
  test_mode: TestMode | null,
  { channels }: Pick<WalkDeps, "channels">,
): Aim {
  const { channel } = identity;
  const straight: Aim = { identity, redirected: null, blocked: null };
  if (test_mode === null || !test_mode.channels.has(channel)) return straight;
  if (isTestValue(channel, identity.key, test_mode, channels)) return straight;
  const name = nameOf(identity);
  const given = test_mode.catch_all.get(channel);
  if (given === undefined) {
    const blocked = `test mode: ${name} is no test value of ${channel}, which has no catch-all`;
    return { ...straight, blocked };
  }
  const other = parseAddress(channel, given, channels);
  if (other === null) {
    return { ...straight, blocked: `test mode: the catch-all of ${channel} is no valid address` };
  }
  return { identity: other, redirected: `redirected to ${nameOf(other)} (original ${name})`, blocked: null };
}

/** The content without copies to addresses that are not test addresses; `held` is the number removed. */
export function dropCopiesToRealAddresses(
  channel: Channel,
  content: JsonObject,
  test_mode: TestMode | null,
  { channels }: Pick<WalkDeps, "channels">,
): { content: JsonObject; held: number } {
  const { copy_fields } = CHANNEL_TRAITS[channel];
  if (copy_fields.length === 0 || test_mode === null || !test_mode.channels.has(channel))
    return { content, held: 0 };
  const kept = { ...content };
  let held = 0;
  for (const field of copy_fields) {
    const copies = content[field];
    if (!Array.isArray(copies)) continue;
    const sent = copies.filter((copy) => {
      const address = typeof copy === "string" ? (readMailbox(copy)?.address ?? null) : copy;
      const key = parseAddress(channel, address, channels)?.key;
      return key !== undefined && isTestValue(channel, key, test_mode, channels);
    });
    held += copies.length - sent.length;
    kept[field] = sent;
  }
  return { content: kept, held };
}

function isTestValue(
  channel: Channel,
  key: string,
  { test_values }: TestMode,
  channels: WalkDeps["channels"],
): boolean {
  return test_values.some((value) => parseAddress(channel, value, channels)?.key === key);
}

/** Parses an address as given in profiles: `{token, provider}` has its provider next to the token. */
function parseAddress(channel: Channel, value: Json, channels: WalkDeps["channels"]): Identity | null {
  const parsed = channels.get(channel)?.parseIdentity(value, {});
  return parsed?.ok === true ? parsed.identity : null;
}

/** Hides addresses that are objects, which contain credentials. */
function nameOf({ value }: Identity): string {
  return typeof value === "string" ? `'${value}'` : "another address";
}
