import { CHANNEL_TRAITS, CHANNELS, defaultProvider, isPush } from "../../core/channel.ts";
import type { IdentityHints, IdentityResult } from "../../core/profile/identity.ts";
import { isJsonObject } from "../../core/json.ts";
import { identityKey } from "./identity-key.ts";

/** Far above any token in use; FCM's are under 300 characters. */
const MAX_TOKEN_LENGTH = 4096;

/** Every provider of any push channel. */
const ALL_PROVIDERS: ReadonlySet<string> = new Set(
  CHANNELS.filter(isPush).flatMap((channel) => CHANNEL_TRAITS[channel].providers),
);

/**
 * An identity of the channels that address apps: a device token, bare or as `{ token, provider, device_id?,
 * bundle_id? }`. What the object says wins over the hints beside it.
 */
export function parsePushToken(
  channel: "androidpush" | "iospush",
  input: unknown,
  hints: IdentityHints,
): IdentityResult {
  const { providers } = CHANNEL_TRAITS[channel];
  const fields = isJsonObject(input) ? input : {};
  const token = trimmed(isJsonObject(input) ? fields["token"] : input);
  if (token === null) return { ok: false, reason: `$${channel}: value must be of string type` };
  if (token.length > MAX_TOKEN_LENGTH) return { ok: false, reason: "invalid value" };

  const given = trimmed(fields["provider"]);
  const provider = given ?? hintedProvider(providers, hints.provider) ?? defaultProvider(channel);
  if (!providers.includes(provider)) {
    return { ok: false, reason: `provider must be one of [${providers.map((p) => `'${p}'`).join(" ")}]` };
  }
  return {
    ok: true,
    identity: {
      value: token,
      key: identityKey(provider, token),
      provider,
      device_id: trimmed(fields["device_id"]) ?? hints.device_id ?? null,
      bundle_id: trimmed(fields["bundle_id"]) ?? hints.bundle_id ?? null,
    },
  };
}

/** One hint applies to all push keys of its operation, so one for another channel is ignored here. */
function hintedProvider(providers: readonly string[], hint: string | null | undefined): string | null {
  if (hint === null || hint === undefined) return null;
  return providers.includes(hint) || !ALL_PROVIDERS.has(hint) ? hint : null;
}

function trimmed(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
