import { z } from "zod";
import { defineVendor } from "../../delivery/vendor/vendor.ts";

/**
 * The built-in inbox. There is no remote service: the item is written in the transaction that records the outcome, and
 * can be read from that moment, so the message is delivered. Clients of the wire know this vendor as `suprsend_inbox`;
 * seen, read and clicked come from the feed.
 */
export default defineVendor({
  slug: "carillon-inbox",
  vendor: "suprsend_inbox",
  channel: "inbox",
  name: "Inbox",
  config: z.object({}),
  local: (content) => content,
  open: () => ({
    send: async ({ message_id, content }) => ({
      kind: "sent",
      vendor_message_id: message_id,
      delivered: true,
      inbox_item: content,
    }),
    verify: async () => ({ ok: true }),
  }),
});
