import { z } from "zod";
import type { Outcome, OutgoingMessage, Vendor } from "../../src/delivery/vendor/vendor.ts";
import { defineVendor } from "../../src/delivery/vendor/vendor.ts";
import type { Channel } from "../../src/core/channel.ts";
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

export function callVendor(channel: Channel): CalledVendor {
  const calls: Call[] = [];
  return {
    calls,
    call: (index) => until(async () => calls[index]),
    vendor: defineVendor({
      slug: `called-${channel}`,
      vendor: "called",
      channel,
      name: "Called",
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
export async function route(
  { services }: Server,
  workspace_id: number,
  { vendor }: CalledVendor,
): Promise<string> {
  const { channel, slug: vendor_slug } = vendor;
  const settings = { workspace_id, channel, vendor_slug, nickname: "", config: {} };
  const id = await insertVendor(services.db, settings, createSecretBox(SECRET_KEY), services.ids);
  await services.db.query(
    "update vendor_route set vendor_config_id = $3 where workspace_id = $1 and channel = $2",
    [workspace_id, channel, id],
  );
  return id;
}
