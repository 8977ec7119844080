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

describe("a service token on the data API", () => {
  const read = (headers: Record<string, string>) =>
    harness.app.inject({ method: "GET", url: "/v1/user/", headers });
  const authorization = () => `ServiceToken ${harness.serviceToken}`;

  it("200: for the workspace that a header names", async () => {
    await hub.call("POST", "/v1/user/ann-of-hub/", {});
    const { slug } = hub.workspace;
    const answer = await read({ authorization: authorization(), "carillon-workspace": slug });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain("ann-of-hub");
    const other = await read({
      authorization: authorization(),
      "carillon-workspace": harness.workspace.slug,
    });
    expect(other.statusCode).toBe(200);
    expect(other.body).not.toContain("ann-of-hub");
  });

  it("401 without a workspace and with a wrong token, 404 for a workspace that is not there", async () => {
    expect((await read({ authorization: authorization() })).statusCode).toBe(401);
    const nowhere = await read({ authorization: authorization(), "carillon-workspace": "nowhere" });
    expect(nowhere.statusCode).toBe(404);
    const wrong = { authorization: "ServiceToken SS.ST.wrong", "carillon-workspace": hub.workspace.slug };
    expect((await read(wrong)).statusCode).toBe(401);
  });

  it("401: for a path that names another workspace", async () => {
    const headers = { authorization: authorization(), "carillon-workspace": hub.workspace.slug };
    const send = (key: string) =>
      harness.app.inject({ method: "POST", url: `/${key}/broadcast/`, headers, payload: {} });
    expect((await send(harness.wsKey)).statusCode).toBe(401);
    expect((await send(hub.wsKey)).statusCode).toBe(400);
  });
});
