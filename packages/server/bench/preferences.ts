import type { Channel } from "../src/core/channel.ts";
import { CHANNELS } from "../src/core/channel.ts";
import {
  type CategoryPolicy,
  evaluatePreference,
  type PreferenceInput,
  type RecipientChoice,
} from "../src/core/preferences/preferences.ts";
import { EMPTY, type Row, type Scenario } from "./measure.ts";

export const preferences: Scenario[] = [{ name: "preferences", run: evaluations }];

const CATEGORIES = 100;
const BATCH = 1000;

/** What a send asks before it goes out: one category, all nine channels, every kind of rule. */
function inputs(): PreferenceInput[] {
  const some: Channel[] = ["email", "inbox", "sms"];
  const choices: RecipientChoice[] = [
    { category: null, restricted_channels: [] },
    {
      category: { preference: "opt_in", opt_out_channels: ["slack", "sms"], opt_in_channels: null },
      restricted_channels: ["webpush"],
    },
    {
      category: { preference: "opt_out", opt_out_channels: null, opt_in_channels: null },
      restricted_channels: [],
    },
  ];
  return Array.from({ length: CATEGORIES }, (_unused, index) => {
    const preference = (["opt_in", "cant_unsubscribe", "opt_out", "opt_in"] as const)[index % 4] ?? "opt_in";
    const policy: CategoryPolicy = {
      category: {
        slug: `category-${index}`,
        root_category: "transactional",
        is_root: false,
        defaults: {
          preference,
          mandatory_channels: ["email"],
          opt_in_channels: index % 2 === 0 ? some : null,
        },
      },
      tenant_category:
        index % 5 === 0
          ? {
              enabled_for_tenant: true,
              visible_to_subscriber: true,
              blocked_channels: ["whatsapp"],
              preference: null,
              mandatory_channels: null,
              opt_in_channels: some,
            }
          : null,
    };
    return {
      category: policy.category.slug,
      policy,
      tenant_id: "acme",
      tenant_blocked_channels: index % 10 === 0 ? ["ms_teams"] : null,
      choice: choices[index % choices.length] ?? { category: null, restricted_channels: [] },
      channels: CHANNELS,
    };
  });
}

async function evaluations(_serverUrl: string, scale: number): Promise<Row[]> {
  const asked = inputs();
  const batches = Math.max(50, Math.round(500 * scale));
  let started = performance.now();
  for (let batch = -50; batch < batches; batch++) {
    // The first batches only warm up.
    if (batch === 0) started = performance.now();
    for (let index = 0; index < BATCH; index++) {
      const input = asked[index % CATEGORIES];
      if (input !== undefined) evaluatePreference(input);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  return [
    {
      ...EMPTY,
      scenario: `preferences, ${CATEGORIES} categories of ${CHANNELS.length} channels, with their log`,
      unit: "evaluations",
      per_second: (batches * BATCH) / seconds,
      floor: "200,000/s",
    },
  ];
}
