import { describe, expect, it } from "vitest";
import { dial, scriptedHttp, vendorContract } from "../../../test/outside/vendor-contract.ts";
import type { OutgoingMessage } from "../../delivery/vendor/vendor.ts";
import inbox from "./carillon.ts";

const message: OutgoingMessage = {
  message_id: "01JD0000000000000000000000",
  workspace: "w",
  tenant_id: "default",
  recipient: "user-1",
  category: "transactional",
  attempt: 1,
  to: "user-1",
  content: { header: "Héllo", text: "You have mail", tags: ["a"], pinned: false },
  attachments: [],
  only_to: null,
  callback_url: null,
};

vendorContract(inbox, { config: {}, message, slug: "carillon-inbox" });

describe("the built-in inbox", () => {
  it("is called suprsend_inbox on the wire", () => {
    expect(inbox.vendor).toBe("suprsend_inbox");
  });

  it("delivers at once, without a call, what the channel rendered", async () => {
    const http = scriptedHttp(() => {
      throw new Error("the inbox calls nobody");
    });
    const connection = inbox.open({}, { http, dial, now: Date.now });
    expect(await connection.send(message, AbortSignal.abort())).toEqual({
      kind: "sent",
      vendor_message_id: message.message_id,
      delivered: true,
      inbox_item: message.content,
    });
    expect(await connection.verify?.(AbortSignal.abort())).toEqual({ ok: true });
  });
});
