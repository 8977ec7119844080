import { createECDH, createPublicKey, randomBytes } from "node:crypto";
import { jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { decryptPush } from "../../../test/outside/browser-push.ts";
import {
  dial,
  outgoingMessage,
  scriptedHttp,
  sendThrough,
  vendorContract,
} from "../../../test/outside/vendor-contract.ts";
import type { JsonObject } from "../../core/json.ts";
import { HttpCallError, type HttpReply, type HttpRequest } from "../../delivery/http/http.ts";
import vapid from "./vapid.ts";

const server = createECDH("prime256v1");
server.generateKeys();
const other = createECDH("prime256v1");
other.generateKeys();
const config = {
  public_key: server.getPublicKey("base64url"),
  private_key: Buffer.from(server.getPrivateKey("hex").padStart(64, "0"), "hex").toString("base64url"),
  subject: "mailto:ops@acme.test",
  ttl_hours: 2,
};

const browser = createECDH("prime256v1");
browser.generateKeys();
const auth = randomBytes(16);
const ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABsecret";
const to = {
  endpoint: ENDPOINT,
  expirationTime: null,
  keys: { p256dh: browser.getPublicKey("base64url"), auth: auth.toString("base64url") },
};

const content: JsonObject = {
  header: "Your code",
  body: "It is 123456",
  icon_url: "",
  image_url: "",
  action_url: "",
  badge_url: "",
  dir: "auto",
  vibrate: [],
  sound: "",
  is_sticky: false,
  is_silent: false,
  renotify: false,
  group: "",
  lang: "",
  buttons: [],
  extra_payload: {},
};

const push = (more: JsonObject = {}, identity: JsonObject = to) =>
  outgoingMessage({ to: identity, content: { ...content, ...more } });

vendorContract(vapid, {
  config,
  message: push(),
  refused: [
    {},
    { ...config, private_key: "" },
    { ...config, private_key: "c2hvcnQ" },
    { ...config, private_key: Buffer.alloc(32).toString("base64url") },
    { ...config, public_key: other.getPublicKey("base64url") },
    { ...config, subject: "ops@acme.test" },
    { ...config, ttl_hours: -1 },
  ],
});

const reply = (status: number, body = "", headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers,
  body,
});

const sending = (answer: HttpReply, message = push(), settings: object = {}) =>
  sendThrough(vapid, { ...config, ...settings }, message, () => answer);

async function shown(message = push()): Promise<unknown> {
  const { requests } = await sending(reply(201), message);
  return JSON.parse(decryptPush(requests[0]?.body as Buffer, browser, auth));
}

describe("the key pair", () => {
  it("that does not belong together is refused with the public key that does", () => {
    const { error } = vapid.config.safeParse({ ...config, public_key: other.getPublicKey("base64url") });
    expect(error?.issues).toMatchObject([
      {
        path: ["public_key"],
        message: `is not the public half of private_key, which is ${config.public_key}`,
      },
    ]);
  });

  it("is read in any form of base64", () => {
    const padded = (key: string) => Buffer.from(key, "base64url").toString("base64");
    const settings = {
      ...config,
      public_key: padded(config.public_key),
      private_key: padded(config.private_key),
    };
    expect(vapid.config.safeParse(settings).success).toBe(true);
  });
});

describe("a notification", () => {
  it("is one call to the endpoint, which only the browser can read", async () => {
    const { outcome, requests } = await sending(reply(201, "", { location: "https://push.test/m/1" }));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "https://push.test/m/1" });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: ENDPOINT,
      headers: {
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        ttl: "7200",
        urgency: "high",
        topic: "01JD0000000000000000000000",
      },
    });
    expect(await shown()).toEqual({
      title: "Your code",
      body: "It is 123456",
      dir: "auto",
      tag: "01JD0000000000000000000000",
      requireInteraction: false,
      renotify: false,
      silent: false,
      data: { notification_id: "01JD0000000000000000000000", launch_urls: {} },
    });
  });

  it("has every option of its template", async () => {
    const message = push({
      header: "Grüße 💌",
      icon_url: "https://acme.test/icon.png",
      image_url: "https://acme.test/image.png",
      badge_url: "https://acme.test/badge.png",
      action_url: "https://acme.test/inbox?a=1&b=2",
      dir: "rtl",
      vibrate: [200, 100],
      sound: "https://acme.test/chime.mp3",
      is_sticky: true,
      renotify: true,
      group: "mail",
      lang: "de",
      buttons: [
        { id: "open", text: "Open", url: "https://acme.test/open", icon: "https://acme.test/open.png" },
        { id: "", text: "Later", url: "https://acme.test/later", icon: "" },
      ],
      extra_payload: { order: { id: 17 }, notification_id: "forged" },
    });
    expect(await shown(message)).toEqual({
      title: "Grüße 💌",
      body: "It is 123456",
      icon: "https://acme.test/icon.png",
      image: "https://acme.test/image.png",
      badge: "https://acme.test/badge.png",
      vibrate: [200, 100],
      sound: "https://acme.test/chime.mp3",
      dir: "rtl",
      lang: "de",
      tag: "mail",
      requireInteraction: true,
      renotify: true,
      silent: false,
      actions: [
        { action: "open", title: "Open", icon: "https://acme.test/open.png" },
        { action: "2", title: "Later" },
      ],
      data: {
        order: { id: 17 },
        notification_id: "01JD0000000000000000000000",
        launch_urls: {
          open: "https://acme.test/open",
          "2": "https://acme.test/later",
          default: "https://acme.test/inbox?a=1&b=2",
        },
      },
    });
  });

  it("that is silent does not vibrate, and is in no hurry", async () => {
    const message = push({ is_silent: true, vibrate: [200] });
    expect(await shown(message)).not.toHaveProperty("vibrate");
    expect((await sending(reply(201), message)).requests[0]?.headers?.urgency).toBe("normal");
  });

  it.each([
    ["without keys", { endpoint: ENDPOINT }],
    ["with an endpoint that is no URL", { ...to, endpoint: "https://" }],
    ["with a short key", { ...to, keys: { ...to.keys, p256dh: "BAAA" } }],
    [
      "with a key off the curve",
      { ...to, keys: { ...to.keys, p256dh: Buffer.alloc(65, 4).toString("base64url") } },
    ],
    ["with a short secret", { ...to, keys: { ...to.keys, auth: "AAAA" } }],
  ])("for a subscription %s is not sent, and ends it", async (_title, identity) => {
    const { outcome, requests } = await sending(reply(201), push({}, identity));
    expect(outcome).toMatchObject({ class: "recipient", code: "invalid_subscription", inactivate: true });
    expect(requests).toEqual([]);
  });

  const MOZILLA = JSON.stringify({
    code: 401,
    errno: 109,
    error: "Unauthorized",
    message: "VAPID public key mismatch",
  });
  const FCM =
    "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.\n";

  it.each([
    [404, "", "gone", "recipient", true],
    [410, JSON.stringify({ errno: 106, message: "gone" }), "106", "recipient", true],
    [410, JSON.stringify({ reason: "Unregistered" }), "Unregistered", "recipient", true],
    [400, "bad", "http_400", "config", undefined],
    [401, "no", "http_401", "config", undefined],
    [403, JSON.stringify({ reason: "BadJwtToken" }), "BadJwtToken", "config", undefined],
    [403, FCM, "vapid_mismatch", "recipient", undefined],
    [401, MOZILLA, "vapid_mismatch", "recipient", undefined],
    [400, JSON.stringify({ reason: "VapidPkHashMismatch" }), "vapid_mismatch", "recipient", undefined],
    [413, "too large", "http_413", "message", undefined],
    [429, "", "http_429", "throttled", undefined],
    [500, "", "http_500", "transient", undefined],
    [503, "", "http_503", "transient", undefined],
  ])("that is refused with %i %j fails as %s, %s", async (status, body, code, kind, inactivate) => {
    const { outcome } = await sending(reply(status, body));
    expect(outcome).toMatchObject({ kind: "failed", class: kind, code });
    expect("inactivate" in outcome ? outcome.inactivate : undefined).toBe(inactivate);
  });

  it("made for an earlier pair ends its subscription only if the settings say so", async () => {
    const { outcome } = await sending(reply(403, FCM), push(), { drop_mismatched: true });
    expect(outcome).toMatchObject({ class: "recipient", code: "vapid_mismatch", inactivate: true });
  });

  it("to an address that may not be called fails for this recipient alone", async () => {
    const { outcome } = await sendThrough(vapid, config, push(), () => {
      throw new HttpCallError("blocked_address", "a private address", false);
    });
    expect(outcome).toMatchObject({ class: "recipient", code: "blocked_address" });
    expect(outcome).not.toHaveProperty("inactivate");
  });

  it("waits as long as it is told", async () => {
    const { outcome } = await sending(reply(429, "", { "retry-after": "30" }));
    expect(outcome).toMatchObject({ class: "throttled", retry_after: 30 });
  });

  it("shows neither its endpoint nor a key in errors", async () => {
    const { outcome } = await sending(reply(400, `no such ${ENDPOINT} (${config.private_key})`));
    expect(JSON.stringify(outcome)).not.toContain("gAAAAABsecret");
    expect(JSON.stringify(outcome)).not.toContain(config.private_key);
  });
});

describe("the signature", () => {
  async function sent(...endpoints: string[]) {
    const clock = { now: Date.UTC(2026, 0, 1) };
    const requests: HttpRequest[] = [];
    const http = scriptedHttp((request) => {
      requests.push(request);
      return reply(201);
    });
    const connection = vapid.open(vapid.config.parse(config), { http, dial, now: () => clock.now });
    const send = (endpoint: string) =>
      connection.send(push({}, { ...to, endpoint }), AbortSignal.timeout(1000));
    for (const endpoint of endpoints) await send(endpoint);
    return { send, clock, signatures: () => requests.map(({ headers }) => headers?.authorization ?? "") };
  }

  it("is the server's, for the push service", async () => {
    const { signatures, clock } = await sent(ENDPOINT);
    const [, token = "", key] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(signatures()[0] ?? "") ?? [];
    expect(key).toBe(config.public_key);
    const [x, y] = [server.getPublicKey().subarray(1, 33), server.getPublicKey().subarray(33)];
    const jwk = { kty: "EC", crv: "P-256", x: x.toString("base64url"), y: y.toString("base64url") };
    const { payload } = await jwtVerify(token, createPublicKey({ key: jwk, format: "jwk" }), {
      algorithms: ["ES256"],
      currentDate: new Date(clock.now),
    });
    expect(payload).toEqual({
      aud: "https://updates.push.services.mozilla.com",
      exp: clock.now / 1000 + 12 * 3600,
      sub: "mailto:ops@acme.test",
    });
  });

  it("is made once for each service, and again after six hours", async () => {
    const { send, clock, signatures } = await sent(
      ENDPOINT,
      `${ENDPOINT}/2`,
      "https://fcm.googleapis.com/fcm/send/1",
    );
    expect(new Set(signatures()).size).toBe(2);
    clock.now += 6 * 3_600_000;
    await send(ENDPOINT);
    expect(new Set(signatures()).size).toBe(3);
  });
});
