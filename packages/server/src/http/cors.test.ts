import { describe, expect, it as plain } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { routes } from "../api/index.gen.ts";
import { isAllowedOrigin } from "./cors.ts";

const PAGE = "https://app.example.com";
const FOR_ALL = { "access-control-allow-origin": "*" };
const PREFLIGHT = {
  origin: PAGE,
  "access-control-request-method": "PATCH",
  "access-control-request-headers": "authorization,content-type,x-ss-signature,x-suprsend-client-user-agent",
};

const listOf = (header: unknown) =>
  String(header)
    .split(",")
    .map((one) => one.trim().toLowerCase());

const open = routes.filter(({ surface, route }) => route.cors ?? surface.cors ?? false);

describe("a preflight", () => {
  it("2xx: on every path of the client surface, without credentials, with or without a slash at the end", async ({
    harness,
  }) => {
    expect(open.length).toBeGreaterThan(8);
    for (const { route } of open) {
      const path = route.path.replaceAll(/:\w+/g, "x");
      for (const url of [path, path.replace(/\/$/, "")]) {
        const reply = await harness.app.inject({ method: "OPTIONS", url, headers: PREFLIGHT });
        expect([url, reply.statusCode]).toEqual([url, 204]);
        expect(reply.headers).toMatchObject({ ...FOR_ALL, "access-control-max-age": "86400" });
        expect(reply.headers["access-control-allow-credentials"]).toBeUndefined();
        expect(listOf(reply.headers["access-control-allow-methods"])).toEqual(
          expect.arrayContaining(["get", "post", "patch", "options"]),
        );
        expect(listOf(reply.headers["access-control-allow-headers"])).toEqual(
          expect.arrayContaining([
            ...listOf(PREFLIGHT["access-control-request-headers"]),
            ...listOf("x-suprsend-user-agent, x-amz-date, ss-referer, ss-after, ss-before, last-event-id"),
          ]),
        );
      }
    }
  });

  it("404: on paths of servers", async ({ harness }) => {
    for (const url of ["/v1/user/ann/", "/v1/default/workflow/", "/trigger/"]) {
      const reply = await harness.app.inject({ method: "OPTIONS", url, headers: PREFLIGHT });
      expect([url, reply.statusCode]).toEqual([url, 404]);
      expect(reply.headers["access-control-allow-headers"]).toBeUndefined();
    }
  });
});

describe("a page", () => {
  const path = "/v2/subscriber/ann/category/none";
  const origin = { origin: PAGE };

  it("can read what it gets, refusals of every kind too", async ({ client, harness }) => {
    const big = { body: { preference: "opt_in", pad: "x".repeat(4 * 1024 * 1024) } };
    for (const [status, call] of [
      [200, client.call("GET", "/v2/subscriber/ann/full_preference", { headers: origin })],
      [400, client.call("PATCH", path, { body: "{", headers: origin })],
      [401, client.call("GET", path, { as: null, headers: origin })],
      [401, client.call("GET", path, { headers: { ...origin, authorization: "SS.PUBK.none" } })],
      [403, client.call("GET", path, { as: "bob", headers: origin })],
      [404, client.call("GET", path, { headers: origin })],
      [404, client.call("GET", "/v2/subscriber/ann/misspelt", { headers: origin })],
      [413, client.call("PATCH", path, { ...big, headers: origin })],
    ] as const) {
      const answer = await call;
      expect(answer).toMatchObject({ status, headers: FOR_ALL });
      expect(answer.json).toBeTypeOf("object");
    }
    const broken = await harness.app.inject({ url: "/v2/other/%zz", headers: origin });
    expect(broken).toMatchObject({ statusCode: 400, headers: FOR_ALL });
  });

  it("is never sent elsewhere for a slash", async ({ client }) => {
    for (const url of [
      "full_preference",
      "full_preference/",
      "full_preference?&",
      "full_preference/?&locale=es",
    ]) {
      for (const host of ["", "/"]) {
        const answer = await client.call("GET", `${host}/v2/subscriber/ann/${url}`, { headers: origin });
        expect([url, answer.status]).toEqual([url, 200]);
      }
    }
  });

  it("of a domain that the key does not list: 403 that it can read; apps and listed pages 200", async ({
    client,
    management,
  }) => {
    const { status, body } = await management.call("PATCH", `ws_public_key/${client.publicKeyId}`, {
      allowed_domains: ["https://App.Example.com/", "*.example.org"],
    });
    expect([status, body]).toMatchObject([
      202,
      { allowed_domains: ["app.example.com", "*.example.org"], is_secure_mode_enabled: true },
    ]);
    const from = (headers: Record<string, string>) =>
      client.call("GET", "/v2/subscriber/ann/full_preference", { headers });
    expect(await from(origin)).toMatchObject({ status: 200 });
    expect(await from({ origin: "https://a.example.org" })).toMatchObject({ status: 200 });
    expect(await from({})).toMatchObject({ status: 200 });
    expect(await from({ origin: "https://evil.example" })).toMatchObject({
      status: 403,
      headers: FOR_ALL,
      json: {
        error: {
          type: "permission_denied",
          message:
            "the public key may not be used from https://evil.example: add its domain to the key's allowed_domains",
        },
      },
    });
    await management.call("PATCH", `ws_public_key/${client.publicKeyId}`, { allowed_domains: null });
    expect(await from({ origin: "https://evil.example" })).toMatchObject({ status: 200 });
  });
});

describe("a list of domains", () => {
  const DOMAIN =
    "must be a domain such as app.example.com, *.example.com for all below one, or localhost:3000 for one port";

  it.for([
    ["example.com", "must be an array of domains, or null for any"],
    [["exa mple.com"], DOMAIN],
    [[""], DOMAIN],
    [["*"], DOMAIN],
    [["a.*.com"], DOMAIN],
    [["*.example.com:3000"], DOMAIN],
    [["https://example.com/path"], DOMAIN],
    [[7], DOMAIN],
  ] as const)("400: %j", async ([allowed_domains, reason], { client, management }) => {
    const path = `ws_public_key/${client.publicKeyId}`;
    const answer = await management.call("PATCH", path, { allowed_domains });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(reason);
  });

  plain.each([
    [null, "https://any.example", true],
    [[], "https://any.example", false],
    [[], "", true],
    [["example.com"], "https://example.com", true],
    [["example.com"], "http://example.com:8080", true],
    [["example.com:8080"], "http://example.com:8080", true],
    [["example.com:8080"], "http://example.com:9090", false],
    [["example.com"], "https://www.example.com", false],
    [["example.com"], "https://example.com.evil.io", false],
    [["example.com"], "https://evilexample.com", false],
    [["*.example.com"], "https://a.b.example.com", true],
    [["*.example.com"], "https://example.com", false],
    [["*.example.com"], "https://evilexample.com", false],
    [["localhost"], "capacitor://localhost", true],
    [["example.com"], "null", false],
    [["example.com"], "file://", false],
  ])("%j allows %s: %s", (domains, origin, isAllowed) => {
    expect(isAllowedOrigin(origin, domains)).toBe(isAllowed);
  });
});
