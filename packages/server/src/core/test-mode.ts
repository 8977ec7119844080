import { type Channel, CHANNELS, isChannel, isOurs } from "./channel.ts";
import { isJsonObject, type Json } from "./json.ts";

/**
 * Test mode of a non-production workspace: messages on its channels reach only test addresses. Everything else is
 * unchanged, so that a workflow can be tried with real data.
 */
export interface TestMode {
  /** The channels that it applies to. */
  channels: ReadonlySet<Channel>;
  /** Addresses that may be sent to, for all channels, as they were written. */
  test_values: readonly Json[];
  /** The address to which everything else of a channel goes instead. */
  catch_all: ReadonlyMap<Channel, Json>;
}

/** Items of the inbox leave nobody's house: they wait in a feed that is opened with the workspace's own key. */
const HELD = CHANNELS.filter((channel) => !isOurs(channel));

/**
 * Reads `test_mode` from a workspace's stored `config`: `{"enabled_at": time, "channels": [slug], "test_values":
 * [address], "catch_all": {slug: address}}`. It is on once `enabled_at` is set; null is off. Missing or malformed
 * settings hold back more, never less: no list of channels means all of them.
 */
export function readTestMode(config: unknown): TestMode | null {
  const settings = membersOf(membersOf(config).get("test_mode"));
  const enabled_at = settings.get("enabled_at") ?? null;
  if (enabled_at === null || enabled_at === false) return null;
  const channels = settings.get("channels");
  const test_values = settings.get("test_values");
  return {
    channels: new Set(Array.isArray(channels) ? HELD.filter((channel) => channels.includes(channel)) : HELD),
    test_values: Array.isArray(test_values) ? test_values : [],
    catch_all: new Map(
      [...membersOf(settings.get("catch_all"))].flatMap(([channel, value]): [Channel, Json][] =>
        isChannel(channel) && value !== null ? [[channel, value]] : [],
      ),
    ),
  };
}

function membersOf(value: unknown): Map<string, Json> {
  return new Map(isJsonObject(value) ? Object.entries(value) : []);
}
