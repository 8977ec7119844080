import { z } from "zod";
import type { Outcome, OutgoingMessage, Vendor } from "../../src/delivery/vendor/vendor.ts";
import { defineVendor } from "../../src/delivery/vendor/vendor.ts";
import type { Channel } from "../../src/core/channel.ts";
import { LANES } from "../../src/core/lane.ts";
import { insertVendor } from "../../src/delivery/vendor-table.ts";
import { createSecretBox } from "../../src/workspaces/crypto.ts";
import { type Server, until, SECRET_KEY } from "../harness.ts";

/** A vendor for one test, which answers each call when and how the test decides. */
export interface CalledVendor {
  vendor: Vendor;
  /** Every call so far, in order. */
  calls: Call[];
  /** Waits for the call with this number, from 0. */
  call: (index: number) => Promise<Call>;
}

export interface Call {
  message: OutgoingMessage;
  signal: AbortSignal;
  answer: (outcome: Outcome) => void;
  /** Simulates a bug in the vendor. */
  throws: (error: Error) => void;
}

export const sent: Outcome = { kind: "sent", vendor_message_id: "v-1" };

export function callVendor(channel: Channel, name = "called", more: Partial<Vendor> = {}): CalledVendor {
  const calls: Call[] = [];
  return {
    calls,
    call: (index) => until(async () => calls[index]),
    vendor: defineVendor({
      slug: `${name}-${channel}`,
      vendor: name,
      channel,
      name: "Called",
      ...more,
      config: z.object({}),
      open: () => ({
        send(message, signal) {
          const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
          calls.push({ message, signal, answer: resolve, throws: reject });
          return promise;
        },
      }),
    }),
  };
}

/** Makes it the vendor of its channel in a workspace, for all categories. Returns the id of its settings. */
export async function route(server: Server, workspace_id: number, called: CalledVendor): Promise<string> {
  const [id = ""] = await routeAll(server, workspace_id, [called]);
  return id;
}

/** Makes them the priority list of their channel in a workspace, for all categories. Returns the ids of their settings. */
export async function routeAll(
  { services }: Server,
  workspace_id: number,
  called: readonly CalledVendor[],
  fallback_seconds = 30,
): Promise<string[]> {
  const { db, ids } = services;
  const made = [];
  for (const { vendor } of called) {
    const { channel, slug: vendor_slug } = vendor;
    const settings = { workspace_id, channel, vendor_slug, nickname: "", config: {} };
    made.push(await insertVendor(db, settings, createSecretBox(SECRET_KEY), ids));
  }
  const channel = called[0]?.vendor.channel;
  await db.query("delete from vendor_route where workspace_id = $1 and channel = $2", [
    workspace_id,
    channel,
  ]);
  await db.query(
    `insert into vendor_route (workspace_id, channel, root_category, position, vendor_config_id, fallback_seconds)
     select $1, $2, root, (ordinal - 1)::int, id, $4
       from unnest($3::text[]) with ordinality as v(id, ordinal), unnest($5::text[]) root`,
    [workspace_id, channel, made, fallback_seconds, [...LANES]],
  );
  return made;
}
