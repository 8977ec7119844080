import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type Channel, CHANNEL_TRAITS, CHANNELS, isPush } from "./channel.ts";

describe("the traits of channels", () => {
  it("give each channel a place of its own in the order of costs", () => {
    const ranks = CHANNELS.map((channel) => CHANNEL_TRAITS[channel].cost_rank);
    expect(new Set(ranks).size).toBe(CHANNELS.length);
  });

  it.each([
    ["identity_push_token", isPush],
    ["identity_address", (channel: Channel) => CHANNEL_TRAITS[channel].names_people],
  ])("are those that the index %s holds", async (index, has) => {
    const schema = await readFile(new URL("../db/schema.sql", import.meta.url), "utf8");
    const line = schema.split("\n").find((text) => text.startsWith(`CREATE INDEX ${index} `)) ?? "";
    const indexed = new Set([...line.matchAll(/'(\w+)'::text/g)].map(([, word]) => word));
    expect(CHANNELS.filter((channel) => indexed.has(channel))).toEqual(CHANNELS.filter(has));
  });
});
