import fc from "fast-check";
import { expect, it } from "vitest";
import { parseDuration } from "../core/time/duration.ts";
import { parseBroadcast } from "./broadcast.ts";

const NEWS = { list_id: "beta", template: "news", notification_category: "promotional" };

it("reads an order whatever else the body holds, or says what is wrong with it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      const parsed = parseBroadcast(body);
      expect(parsed.ok ? parsed.value.template : parsed.message).not.toBe("");
    }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      expect(parseBroadcast({ ...data, ...NEWS, data })).toMatchObject({ value: { list_id: "beta", data } });
    }),
  );
});

it("takes a delay in whole seconds or as a duration", () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), (seconds) => {
      for (const delay of [seconds, String(seconds), `${seconds}s`])
        expect(parseBroadcast({ ...NEWS, delay })).toMatchObject({ value: { delay_ms: seconds * 1000 } });
    }),
  );
  expect(parseBroadcast({ ...NEWS, delay: "1d2h30m10s" })).toMatchObject({
    value: { delay_ms: parseDuration("1d2h30m10s") },
  });
  expect(parseBroadcast({ ...NEWS, delay: -1 }).ok).toBe(false);
});
