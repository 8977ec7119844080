import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../json.ts";
import { mask, maskText } from "./masking.ts";

const WHOLE = { values: true };

describe("maskText", () => {
  it.each([
    ["ada@example.com", "a•••@example.com"],
    ["to <ada.l+x@mail.example.co.uk>, refused", "to <a•••@mail.example.co.uk>, refused"],
    ["/v1/user/ada%40example.com/", "/v1/user/a•••%40example.com/"],
    ["jürgen@bücher.example", "j•••@bücher.example"],
    ["+14155552671", "+1•••71"],
    ["call +1 (415) 555-2671 now", "call +1•••71 now"],
    ["14155552671", "14•••71"],
    // Neither is an address.
    ["01M8P3HYD300001H6TC0RHC9KV", "01M8P3HYD300001H6TC0RHC9KV"],
    ["01a22c38-f91f-7016-b99f-05f846c8e55c", "01a22c38-f91f-7016-b99f-05f846c8e55c"],
    ["2026-11-30T11:31:01.073+05:30", "2026-11-30T11:31:01.073+05:30"],
    ["order-1001", "order-1001"],
    ["@ada", "@ada"],
  ])("%s is %s", (text, masked) => expect(maskText(text)).toBe(masked));
});

describe("mask", () => {
  it("masks payloads, properties, addresses and contents whole, and keeps their shape", () => {
    const seen = {
      request_id: "01a22c38-f91f-7016-b99f-05f846c8e55c",
      distinct_id_list: ["ada@example.com", "ann"],
      payload: {
        workflow: "order",
        recipients: [{ distinct_id: "ann", $sms: ["+14155552671"] }],
        data: { n: 5, ok: true, none: null },
      },
      status: "completed",
    };
    expect(mask(seen, WHOLE)).toEqual({
      request_id: "01a22c38-f91f-7016-b99f-05f846c8e55c",
      distinct_id_list: ["a•••@example.com", "ann"],
      payload: {
        workflow: "•••",
        recipients: [{ distinct_id: "•••", $sms: ["+1•••71"] }],
        data: { n: "•••", ok: "•••", none: null },
      },
      status: "completed",
    });
    expect(
      mask(
        {
          distinct_id: "ann",
          $email: [{ value: "ada@example.com", status: "active" }],
          properties: { name: "Ada" },
        },
        WHOLE,
      ),
    ).toEqual({
      distinct_id: "ann",
      $email: [{ value: "a•••@example.com", status: "•••" }],
      properties: { name: "•••" },
    });
  });

  it("leaves in a step what was done, and takes away with what", () => {
    const step = {
      execution_stage: "condition_evaluated",
      properties: {
        message_id: "01M8P3HYDN00000QWGNFGAC6KV",
        channel: "sms",
        seen: { plan: "pro" },
        total: 12,
      },
    };
    expect(mask(step, WHOLE)).toEqual({
      execution_stage: "condition_evaluated",
      properties: {
        message_id: "01M8P3HYDN00000QWGNFGAC6KV",
        channel: "sms",
        seen: { plan: "•••" },
        total: "•••",
      },
    });
  });

  it("shows no part of a text that only contains an address", () => {
    expect(mask({ payload: { note: "Ada Lovelace <ada@example.com>" } }, WHOLE)).toEqual({
      payload: { note: "•••" },
    });
  });

  it("leaves no address anywhere, whatever the shape", () => {
    const leaf = fc.constantFrom("ada@example.com", "x ada@example.com y", "+14155552671", "+1 415 555 2671");
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(
          fc.oneof(leaf, fc.constantFrom("payload", "status", "$email", "properties")),
          tie("tree"),
          { maxKeys: 3 },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.boolean(), (value, values) => {
        const text = JSON.stringify(mask(value, { values }));
        expect(text).not.toMatch(/ada@|4155|415 555/);
      }),
    );
  });
});
