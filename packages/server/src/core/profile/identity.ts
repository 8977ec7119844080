import { type Channel, defaultProvider } from "../channel.ts";
import type { JsonObject } from "../json.ts";

/** Sibling keys of a channel key inside one operation: they describe the push identities beside them. */
export interface IdentityHints {
  provider?: string | null;
  device_id?: string | null;
  bundle_id?: string | null;
}

/** An address on a channel, normalised. `key` is what equality, uniqueness and `$remove` compare. */
export interface Identity {
  value: string | JsonObject;
  key: string;
  /** `fcm`, `apns`, `vapid`, `suprsend` … or the empty string where a channel has no providers. */
  provider: string;
  device_id: string | null;
  bundle_id: string | null;
}

export type IdentityResult = { ok: true; identity: Identity } | { ok: false; reason: string };

/** Finds the channel's rules and applies them. Core does not know the channels, so callers pass this in. */
export type ParseIdentity = (channel: Channel, input: unknown, hints: IdentityHints) => IdentityResult;

/** Distinguishes an identity from others of its profile, and from those of other people. */
export function identityName({ channel, key }: { channel: string; key: string }): string {
  return `${channel} ${key}`;
}

/** An identity of a profile. It is usable for sending when it is `active` on both counts. */
export interface StoredIdentity extends Identity {
  channel: Channel;
  /** `inactive` after a STOP reply or an opt-out on the device. */
  status: "active" | "inactive";
  /** `disabled` after a vendor's hard failure. */
  perma_status: "active" | "disabled";
}

/** The address that every stored user has on a channel of ours without anybody giving one. */
export function ownIdentity(channel: Channel, address: string): StoredIdentity {
  return {
    channel,
    provider: defaultProvider(channel),
    key: address,
    value: address,
    device_id: null,
    bundle_id: null,
    status: "active",
    perma_status: "active",
  };
}
