import { generateKeyPairSync } from "node:crypto";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import {
  type Http2Received,
  type Http2Server,
  serveHttp2,
  trustLoopback,
} from "../../../test/outside/http2-server.ts";
import { outgoingMessage, scriptedHttp, vendorContract } from "../../../test/outside/vendor-contract.ts";
import type { JsonObject } from "../../core/json.ts";
import type { OutgoingMessage } from "../../delivery/vendor/vendor.ts";
import apns from "./apns.ts";

trustLoopback();

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = (key: typeof privateKey) => key.export({ type: "pkcs8", format: "pem" }).toString();
const config = {
  private_key: pem(privateKey),
  key_id: "ABC123DEFG",
  team_id: "DEF123GHIJ",
  bundle_id: "com.acme.app",
  ttl_hours: 1,
};

const DEVICE = "a1b2c3d4".repeat(8);
const content: JsonObject = {
  header: "Your code",
  body: "It is 123456",
  image_url: "",
  action_url: "",
  badge: 0,
  sound: "default",
  content_available: 1,
  mutable_content: 1,
  thread_identifier: "login-codes",
  notification_type: "basic",
  via_suprsend: true,
};

const push = (more: JsonObject = {}, message: Partial<OutgoingMessage> = {}) =>
  outgoingMessage({ to: DEVICE, content: { ...content, ...more }, ...message });

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

vendorContract(apns, {
  config,
  message: push(),
  dial: async () => {
    throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  },
  refused: [
    {},
    { ...config, private_key: "" },
    { ...config, private_key: pem(rsa) },
    { ...config, key_id: "abc" },
    { ...config, team_id: "" },
    { ...config, bundle_id: "com acme" },
    { ...config, mode: "sandbox" },
  ],
});

function connect(server: Http2Server, settings: object = {}, clock = { now: Date.UTC(2026, 0, 1) }) {
  const http = scriptedHttp(() => {
    throw new Error("APNs is not called by HTTP/1.1");
  });
  const parsed = apns.config.parse({ ...config, ...settings });
  const connection = apns.open(parsed, { http, dial: server.dial, now: () => clock.now });
  const newSignal = () => AbortSignal.timeout(5000);
  return {
    send: (message = push()) => connection.send(message, newSignal()),
    verify: () => connection.verify?.(newSignal()),
    clock,
    [Symbol.asyncDispose]: async () => connection.close?.(),
  };
}

const accept = ({ answer, headers }: Http2Received) =>
  answer(200, "", { "apns-id": headers["apns-id"] ?? "" });
const refuse = (status: number, reason: string) => (request: Http2Received) =>
  request.answer(status, JSON.stringify({ reason }));

describe("a notification", () => {
  it("is one request with all that the SDK reads", async () => {
    await using server = await serveHttp2(accept);
    await using connection = connect(server);
    const { clock } = connection;
    expect(await connection.send()).toEqual({
      kind: "sent",
      vendor_message_id: "01934000-0000-0000-0000-000000000000",
    });
    expect(server.dialled).toEqual([{ host: "api.push.apple.com", port: 443 }]);
    const [request] = server.requests;
    expect(request?.headers).toMatchObject({
      ":method": "POST",
      ":path": `/3/device/${DEVICE}`,
      ":authority": "api.push.apple.com",
      "apns-id": "01934000-0000-0000-0000-000000000000",
      "apns-collapse-id": "01JD0000000000000000000000",
      "apns-topic": "com.acme.app",
      "apns-push-type": "alert",
      "apns-priority": "10",
      "apns-expiration": String(clock.now / 1000 + 3600),
    });
    expect(JSON.parse(request?.body ?? "")).toEqual({
      aps: {
        alert: { title: "Your code", body: "It is 123456" },
        badge: 0,
        sound: "default",
        "content-available": 1,
        "mutable-content": 1,
        "thread-id": "login-codes",
      },
      via_suprsend: true,
      nid: "01JD0000000000000000000000",
    });
  });

  it("has every option of its template", async () => {
    await using server = await serveHttp2(accept);
    await using connection = connect(server, { mode: "development", ttl_hours: 0 });
    await connection.send(
      push({
        header: "Grüße 💌",
        image_url: "https://acme.test/image.png",
        action_url: "acme://inbox?a=1&b=2",
        badge: 3,
        sound: "",
        content_available: 0,
        mutable_content: 0,
        thread_identifier: "",
        via_suprsend: false,
      }),
    );
    expect(server.dialled).toMatchObject([{ host: "api.sandbox.push.apple.com" }]);
    expect(server.requests[0]?.headers).toMatchObject({ "apns-expiration": "0" });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
      aps: { alert: { title: "Grüße 💌", body: "It is 123456" }, badge: 3 },
      nid: "01JD0000000000000000000000",
      global_action_url: "acme://inbox?a=1&b=2",
      image_url: "https://acme.test/image.png",
    });
  });

  it("shares its connection with all others", async () => {
    await using server = await serveHttp2(accept);
    await using connection = connect(server);
    await Promise.all(Array.from({ length: 50 }, () => connection.send()));
    expect(server.requests).toHaveLength(50);
    expect(server.sessions).toHaveLength(1);
  });

  it("is not sent to what is no device token, which ends it", async () => {
    await using server = await serveHttp2(accept);
    await using connection = connect(server);
    for (const to of ["", "../3/device/x", `${DEVICE}\r\n`, "zz"]) {
      expect(await connection.send(push({}, { to }))).toMatchObject({
        class: "recipient",
        code: "BadDeviceToken",
        inactivate: true,
      });
    }
    expect(server.requests).toEqual([]);
  });

  it.each([
    [400, "DeviceTokenNotForTopic", "recipient", undefined],
    [400, "MissingDeviceToken", "recipient", undefined],
    [410, "Unregistered", "recipient", true],
    [410, "ExpiredToken", "recipient", true],
    [400, "BadTopic", "config", undefined],
    [400, "TopicDisallowed", "config", undefined],
    [400, "MissingTopic", "config", undefined],
    [403, "InvalidProviderToken", "config", undefined],
    [403, "MissingProviderToken", "config", undefined],
    [403, "ExpiredProviderToken", "config", undefined],
    [403, "BadCertificate", "config", undefined],
    [403, "Forbidden", "config", undefined],
    [404, "BadPath", "config", undefined],
    [405, "MethodNotAllowed", "config", undefined],
    [400, "PayloadEmpty", "message", undefined],
    [400, "BadExpirationDate", "message", undefined],
    [413, "PayloadTooLarge", "message", undefined],
    [400, "IdleTimeout", "transient", undefined],
    [429, "TooManyRequests", "throttled", undefined],
    [429, "TooManyProviderTokenUpdates", "throttled", undefined],
    [500, "InternalServerError", "transient", undefined],
    [503, "ServiceUnavailable", "transient", undefined],
    [503, "Shutdown", "transient", undefined],
  ])("that is refused with %i %s fails as %s", async (status, reason, kind, inactivate) => {
    await using server = await serveHttp2(refuse(status, reason));
    await using connection = connect(server);
    const outcome = await connection.send();
    expect(outcome).toMatchObject({ kind: "failed", class: kind, code: reason, message: reason });
    expect("inactivate" in outcome ? outcome.inactivate : undefined).toBe(inactivate);
  });

  it("gets an outcome for any reply", async () => {
    let reply: [number, string] = [200, ""];
    await using server = await serveHttp2(({ answer }) => answer(...reply));
    await using connection = connect(server);
    for (const status of [200, 204, 301, 400, 403, 404, 410, 418, 429, 500, 503]) {
      for (const body of [
        "",
        "null",
        "[]",
        "{",
        '{"reason":7}',
        "<html>Bad gateway</html>",
        '{"__proto__":1}',
      ]) {
        reply = [status, body];
        const outcome = await connection.send();
        expect(outcome.kind, `${status} ${body}`).toBe(status === 200 ? "sent" : "failed");
      }
    }
  });
});

describe("bad device tokens", () => {
  /** Sends to devices, of which those with "0" are bad; returns the last outcome. */
  async function lastOf(...devices: string[]) {
    await using server = await serveHttp2((request) =>
      (request.path.endsWith("0") ? refuse(400, "BadDeviceToken") : accept)(request),
    );
    await using connection = connect(server);
    let outcome = await connection.send();
    for (const device of devices) outcome = await connection.send(push({}, { to: device.repeat(64) }));
    return outcome;
  }

  it("end if they are few among many good ones", async () => {
    const good = Array.from({ length: 8 }, () => "1");
    expect(await lastOf(...good, "0")).toMatchObject({
      class: "recipient",
      code: "BadDeviceToken",
      inactivate: true,
    });
  });

  it("say that the settings are wrong if they are many, and then nobody loses a token", async () => {
    const outcome = await lastOf("0", "0", "0", "0");
    expect(outcome).toMatchObject({
      class: "config",
      code: "BadDeviceToken",
      message: "BadDeviceToken, as 80 % of the latest 5: is the app a production build?",
    });
    expect(outcome).not.toHaveProperty("inactivate");
  });

  it("stay while too few messages are known to say either", async () => {
    const outcome = await lastOf("0");
    expect(outcome).toMatchObject({ class: "recipient", code: "BadDeviceToken" });
    expect(outcome).not.toHaveProperty("inactivate");
  });
});

describe("the token", () => {
  const tokensOf = ({ requests }: Http2Server) => requests.map(({ headers }) => headers.authorization ?? "");

  it("is signed with the key of the settings, and used for fifty minutes", async () => {
    await using server = await serveHttp2(accept);
    await using connection = connect(server);
    const { send, clock } = connection;
    await Promise.all([send(), send()]);
    clock.now += 49 * 60_000;
    await send();
    clock.now += 60_000;
    await send();
    const tokens = tokensOf(server);
    expect(new Set(tokens.slice(0, 3)).size).toBe(1);
    expect(tokens[3]).not.toBe(tokens[0]);
    const token = (tokens[0] ?? "").replace(/^bearer /, "");
    expect(decodeProtectedHeader(token)).toEqual({ alg: "ES256", kid: "ABC123DEFG" });
    const { payload } = await jwtVerify(token, publicKey, { algorithms: ["ES256"] });
    expect(payload).toEqual({ iss: "DEF123GHIJ", iat: Date.UTC(2026, 0, 1) / 1000 });
  });

  it("that has expired is replaced once", async () => {
    await using server = await serveHttp2((request) => {
      const isOld = request.headers.authorization === tokensOf(server)[0];
      (isOld && server.requests.length > 1 ? refuse(403, "ExpiredProviderToken") : accept)(request);
    });
    await using connection = connect(server);
    const { send, clock } = connection;
    await send();
    clock.now += 30 * 60_000;
    expect(await Promise.all([send(), send()])).toMatchObject([{ kind: "sent" }, { kind: "sent" }]);
    expect(new Set(tokensOf(server)).size).toBe(2);
  });

  it("that is young and has expired is kept: a clock is wrong, and Apple refuses who renews often", async () => {
    await using server = await serveHttp2(refuse(403, "ExpiredProviderToken"));
    await using connection = connect(server);
    expect(await connection.send()).toMatchObject({ class: "config", code: "ExpiredProviderToken" });
    expect(server.requests).toHaveLength(1);
  });
});

describe("the settings", () => {
  it.each([
    [400, "BadDeviceToken", { ok: true }],
    [403, "InvalidProviderToken", { ok: false, message: "InvalidProviderToken" }],
    [400, "TopicDisallowed", { ok: false, message: "TopicDisallowed" }],
  ])("are verified by a notification to nobody: %i %s", async (status, reason, expected) => {
    await using server = await serveHttp2(refuse(status, reason));
    await using connection = connect(server);
    expect(await connection.verify()).toEqual(expected);
    expect(server.requests[0]?.path).toBe(`/3/device/${"0".repeat(64)}`);
  });

  it("take a key with or without a line at its end", () => {
    expect(apns.config.safeParse({ ...config, private_key: `\n${config.private_key.trim()}` }).success).toBe(
      true,
    );
  });
});
