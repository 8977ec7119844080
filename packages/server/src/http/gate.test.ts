import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../../test/harness.ts";
import { createClient, type Client } from "../../test/client/client.ts";
import { converse } from "../../test/hostile/wire.ts";

let harness: Harness;
let client: Client;

beforeAll(async () => {
  harness = await createHarness({
    role: "api",
    env: {
      RATE_LIMIT_PER_SECOND: "20",
      CLIENT_RATE_LIMIT_PER_SECOND: "1",
      WRONG_KEYS_PER_SECOND: "1",
      TRUSTED_PROXIES: "127.0.0.1",
    },
  });
});
afterAll(() => harness.close());
beforeAll(async () => {
  client = await createClient(harness, harness.workspace);
});

/** A caller from one address after another, so that tests do not use up each other's limit. */
let addresses = 0;
const newAddress = () => `203.0.113.${++addresses}`;

async function send(
  token: string,
  {
    url = "/v1/user/",
    body,
    address = newAddress(),
  }: { url?: string; body?: unknown; address?: string } = {},
) {
  const reply = await harness.app.inject({
    method: body === undefined ? "GET" : "POST",
    url,
    headers: { authorization: token, "content-type": "application/json", "x-forwarded-for": address },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  return { status: reply.statusCode, headers: reply.headers, json: reply.json<Record<string, unknown>>() };
}

async function newKey(): Promise<string> {
  const { workspaces } = harness.services;
  const { api_key } = await workspaces.createApiKey(harness.workspace, "test");
  return `Bearer ${api_key}`;
}

describe("a request without a good credential", () => {
  const head = (path: string, authorization: string) =>
    [
      `POST ${path} HTTP/1.1`,
      "host: x",
      "content-type: application/json",
      `authorization: ${authorization}`,
      `x-forwarded-for: ${newAddress()}`,
      `content-length: ${3 * 1024 * 1024}`,
      "\r\n",
    ].join("\r\n");

  it.for([
    ["/v1/user/ann/", "Bearer wrong"],
    ["/v1/user/ann/", "wrong:c2lnbmF0dXJl"],
    ["/v2/bulk/event/", "Bearer wrong"],
    ["/v1/default/workflow/w/", "ServiceToken wrong"],
  ] as const)("401: before a byte of its body has come: %s %s", async ([path, authorization]) => {
    const { answers } = await converse(harness.url, [head(path, authorization)]);
    expect(answers).toMatchObject([{ status: 401 }]);
  });

  it.for([
    ["[", { status: "fail", records: [] }],
    ["{", { status: "fail" }],
  ] as const)("401: in the shape for a body that begins with %s, without the rest of it", async (given) => {
    const [beginning, shape] = given;
    const { answers } = await converse(harness.url, [head("/trigger/", "Bearer wrong"), beginning]);
    expect(answers).toMatchObject([{ status: 401 }]);
    const body = JSON.parse(answers[0]?.text ?? "") as object;
    expect(body).toMatchObject(shape);
    expect("records" in body).toBe(beginning === "[");
  });
});

describe("an address that tries wrong credentials", () => {
  it("429: after ten seconds' worth, with what is known let through", async () => {
    const address = newAddress();
    const [known, unknown] = [await newKey(), await newKey()];
    expect(await send(known, { address })).toMatchObject({ status: 200 });
    for (let count = 0; count < 10; count++)
      expect(await send(`Bearer wrong-${count}`, { address })).toMatchObject({ status: 401 });
    const refusal = await send("Bearer wrong", { address });
    expect(refusal).toMatchObject({
      status: 429,
      headers: { "retry-after": "1" },
      json: { code: 429, message: "too many requests with wrong credentials came from this address" },
    });
    expect(await send("", { address })).toMatchObject({ status: 429 });
    expect(await send(unknown, { address })).toMatchObject({ status: 429 });
    expect(await send(known, { address })).toMatchObject({ status: 200 });
    expect(await send(unknown)).toMatchObject({ status: 200 });
  });

  it("429: for a network of IPv6 as for one address", async () => {
    for (let count = 0; count < 10; count++)
      expect(await send("Bearer wrong", { address: `2001:db8::${count}` })).toMatchObject({ status: 401 });
    expect(await send("Bearer wrong", { address: "2001:db8:0:0:1:2:3:4" })).toMatchObject({ status: 429 });
    expect(await send("Bearer wrong", { address: "2001:db8:0:1::1" })).toMatchObject({ status: 401 });
  });
});

describe("a credential", () => {
  const event = { event: "SEEN", distinct_id: "ann" };

  it("202: with what is left of its limit", async () => {
    const key = await newKey();
    const first = await send(key, { url: "/v2/event/", body: event });
    expect(first).toMatchObject({
      status: 202,
      headers: { "ratelimit-policy": '"credential";q=20;w=1', ratelimit: '"credential";r=20;t=0' },
    });
    const array = await send(key, { url: "/v2/bulk/event/", body: Array.from({ length: 10 }, () => event) });
    expect(array.status).toBeLessThan(300);
    expect(Number(/r=(\d+)/.exec(String(array.headers.ratelimit))?.[1])).toBeLessThan(20);
  });

  it("429: after an array that was larger than what was left, in the shape of the endpoint", async () => {
    const key = await newKey();
    const trigger = { workflow: "missing", recipients: ["ann"], data: {} };
    // A hundred records at twenty a second: five seconds, less what the machine took to answer.
    const array = Array.from({ length: 100 }, () => trigger);
    expect(await send(key, { url: "/trigger/", body: array })).toMatchObject({ status: 207 });
    const refusal = await send(key, { url: "/trigger/", body: array });
    expect(refusal).toMatchObject({ status: 429, json: { status: "fail", status_code: 429, records: [] } });
    expect(Number(refusal.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(Number(refusal.headers["retry-after"])).toBeLessThanOrEqual(5);
    expect(refusal.json.message).toMatch(
      /^more than 20 records per second came with this credential; send again after \d s$/,
    );
    expect(await send(await newKey(), { url: "/trigger/", body: array })).toMatchObject({ status: 207 });
  });

  it("is not used up by requests that name it and are not signed by it", async () => {
    const { ws_key } = await harness.services.workspaces.createKey(harness.workspace);
    for (let count = 0; count < 30; count++) {
      const reply = await harness.app.inject({
        url: "/v1/user/",
        headers: {
          authorization: `${ws_key}:wrong`,
          date: new Date().toUTCString(),
          "x-forwarded-for": newAddress(),
        },
      });
      expect([reply.statusCode, reply.headers.ratelimit]).toEqual([401, '"credential";r=20;t=0']);
    }
  });
});

describe("browsers and apps, which share the key of their company", () => {
  const ask = (as: string | null, address: string, headers: Record<string, string> = {}) =>
    client.call("GET", `/v2/subscriber/${as ?? "ann"}/channel_preference`, {
      as,
      headers: { "x-forwarded-for": address, ...headers },
    });

  it("429: are counted by their person, wherever that is, and not by the key", async () => {
    for (let count = 0; count < 10; count++) {
      expect(await ask("ann", newAddress())).toMatchObject({
        status: 200,
        headers: { "ratelimit-policy": '"client";q=10;w=10' },
      });
    }
    const refusal = await ask("ann", newAddress());
    expect(refusal).toMatchObject({
      status: 429,
      headers: { "retry-after": "1", "access-control-allow-origin": "*" },
      json: {
        error: {
          type: "throttled",
          message: expect.stringMatching(/^more than 1 requests per second came from this user;/) as string,
        },
      },
    });
    expect(String(refusal.headers["access-control-expose-headers"])).toContain("Retry-After");
    const office = newAddress();
    for (let count = 0; count < 30; count++) {
      expect(await ask(`colleague-${count}`, office)).toMatchObject({ status: 200 });
    }
  });

  it("429: without a token are counted by their address", async () => {
    const open = { authorization: client.openKey };
    const [one, other] = [newAddress(), newAddress()];
    for (let count = 0; count < 10; count++)
      expect(await ask(null, one, open)).toMatchObject({ status: 200 });
    expect(await ask(null, one, open)).toMatchObject({ status: 429 });
    expect(await ask(null, other, open)).toMatchObject({ status: 200 });
  });

  it("401: may try any number of tokens that have expired, and then a good one", async () => {
    const office = newAddress();
    const expired = { "x-ss-signature": await client.sign("bob", { exp: 1_700_000_000 }) };
    for (let count = 0; count < 30; count++) {
      expect(await ask(null, office, expired)).toMatchObject({ status: 401 });
    }
    expect(await ask("bob", office)).toMatchObject({ status: 200 });
  });

  it("429: may not guess keys", async () => {
    const address = newAddress();
    for (let count = 0; count < 10; count++) {
      expect(await ask("eve", address, { authorization: `SS.PUBK.${count}` })).toMatchObject({ status: 401 });
    }
    expect(await ask("eve", address, { authorization: "SS.PUBK.x" })).toMatchObject({ status: 429 });
    expect(await ask("eve", address)).toMatchObject({ status: 200 });
  });
});
