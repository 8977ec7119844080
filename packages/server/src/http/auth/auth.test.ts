import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../../../test/harness.ts";
import { createHub, type Hub } from "../../../test/hub.ts";

let harness: Harness;
let hub: Hub;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
  hub = await createHub(harness);
});
afterAll(() => harness.close());

const MINUTE = 60_000;
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * MINUTE).toUTCString();
const EVENT = { event: "SEEN", distinct_id: "ann" };

describe("a signed request", () => {
  it.each([-14, 0, 14])("202: dated %i minutes from now", async (minutes) => {
    const answer = await hub.callSigned("POST", "/v2/event/", EVENT, inMinutes(minutes));
    expect(answer.status).toBe(202);
  });

  it("202: with the date as the Node SDK's messages write it", async () => {
    const answer = await hub.callSigned("POST", "/v2/event/", EVENT, new Date().toISOString());
    expect(answer.status).toBe(202);
  });

  it.each([inMinutes(-16), inMinutes(16), "Fri, 20 Nov 2020 17:18:14 GMT", "yesterday", ""])(
    "401: dated %j, which is too far from now, or no date",
    async (date) => {
      const message = "Not Authenticated - Date is not within 15 minutes of now";
      expect(await hub.callSigned("POST", "/v2/event/", EVENT, date)).toMatchObject({
        status: 401,
        json: { status: "error", error: { type: "authentication_failed", message } },
      });
      expect(await hub.callSigned("GET", "/v1/user/", undefined, date)).toMatchObject({
        status: 401,
        json: { code: 401, message },
      });
    },
  );

  it("202: of any date, where the setting says so", async () => {
    const { config } = harness.services;
    const usual = config.SIGNATURE_MINUTES;
    config.SIGNATURE_MINUTES = 0;
    try {
      expect(await hub.callSigned("POST", "/v2/event/", EVENT, "yesterday")).toMatchObject({ status: 202 });
    } finally {
      config.SIGNATURE_MINUTES = usual;
    }
  });
});
