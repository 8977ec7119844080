import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import {
  type Answer,
  dial,
  outgoingMessage,
  scriptedHttp,
  sendThrough,
  vendorContract,
} from "../../../test/outside/vendor-contract.ts";
import type { JsonObject } from "../../core/json.ts";
import { HttpCallError, type HttpReply, type HttpRequest } from "../../delivery/http/http.ts";
import type { OutgoingMessage } from "../../delivery/vendor/vendor.ts";
import fcm from "./fcm.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const account = {
  type: "service_account",
  project_id: "acme-app",
  client_email: "push@acme-app.iam.gserviceaccount.com",
  private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
};
const config = { service_account: JSON.stringify(account), ttl_hours: 1 };
const withAccount = (members: object) => ({ service_account: JSON.stringify({ ...account, ...members }) });

const reply = (status: number, json: unknown, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers,
  body: JSON.stringify(json),
});

const isLogin = ({ url }: HttpRequest) => url === "https://oauth2.googleapis.com/token";
const login = (token = "ya29.token") => reply(200, { access_token: token, expires_in: 3599 });

const content: JsonObject = {
  header: "Your code",
  body: "It is 123456",
  subtext: "",
  icon_small: "",
  icon_url: "",
  image_url: "",
  action_url: "",
  buttons: [],
  channel_show_badge: true,
  channel_sound: "",
  channel_lock_screen_visibility: "PUBLIC",
  channel_importance: "DEFAULT",
  priority: "DEFAULT",
  color: "",
  auto_cancel: true,
  group: "",
  timeout_sec: 0,
  is_silent: false,
  is_sticky: false,
  local_only: true,
  extra_payload: {},
};

const push = (more: JsonObject = {}, message: Partial<OutgoingMessage> = {}) =>
  outgoingMessage({ to: "token-1", category: "login-codes", content: { ...content, ...more }, ...message });

vendorContract(fcm, {
  config,
  message: push(),
  prepare: (request) => (isLogin(request) ? login() : undefined),
  refused: [
    {},
    { service_account: "" },
    { service_account: "AAAA:legacy-server-key" },
    withAccount({ type: "authorized_user" }),
    withAccount({ project_id: "" }),
    withAccount({ private_key: "no key" }),
    { ...config, ttl_hours: 673 },
    { ...config, ttl_hours: 0.5 },
  ],
});

/** Sends a message; the requests are those after the one for the token. */
async function sending(answer: HttpReply, message = push()) {
  const { outcome, requests } = await sendThrough(fcm, config, message, (request) =>
    isLogin(request) ? login() : answer,
  );
  return { outcome, requests: requests.filter((request) => !isLogin(request)) };
}

async function payloadOf(message: OutgoingMessage) {
  const { requests } = await sending(reply(200, { name: "projects/acme-app/messages/1" }), message);
  const body = JSON.parse(String(requests[0]?.body)) as {
    message: { token: string; data: Record<string, string>; android: object };
  };
  const { supr_send_n_pl: text = "", ...data } = body.message.data;
  return { ...body.message, data, notification: JSON.parse(text) as object };
}

describe("a service account", () => {
  it("is refused with what is wrong with it", () => {
    const told = (settings: object) =>
      fcm.config.safeParse(settings).error?.issues.map(({ message }) => message);
    expect(told({ service_account: "AAAA:key" })).toEqual(["not JSON: paste the whole file"]);
    expect(told(withAccount({ client_email: "" }))).toEqual(['"client_email" is missing']);
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    expect(told(withAccount({ private_key: ec.export({ type: "pkcs8", format: "pem" }) }))).toEqual([
      '"private_key" is not an RSA key in PEM',
    ]);
  });
});

describe("a notification", () => {
  it("is one call with data alone, in the form that the SDK reads", async () => {
    const { outcome, requests } = await sending(reply(200, { name: "projects/acme-app/messages/0:17" }));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "projects/acme-app/messages/0:17" });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://fcm.googleapis.com/v1/projects/acme-app/messages:send",
      headers: { authorization: "Bearer ya29.token", "content-type": "application/json" },
      timeout_ms: 10_000,
    });
    expect(await payloadOf(push())).toEqual({
      token: "token-1",
      android: { priority: "HIGH", ttl: "3600s" },
      data: {},
      notification: {
        id: "01JD0000000000000000000000",
        notificationGroupId: "01JD0000000000000000000000",
        silentPush: false,
        channelId: "login-codes",
        channelName: "Login codes",
        channelShowBadge: true,
        channelLockScreenVisibility: "PUBLIC",
        channelImportance: "DEFAULT",
        priority: "DEFAULT",
        notificationTitle: "Your code",
        shortDescription: "It is 123456",
        longDescription: "It is 123456",
        category: "login-codes",
        onGoing: false,
        autoCancel: true,
        localOnly: true,
      },
    });
  });

  it("has every option of its template", async () => {
    const message = push({
      header: "Grüße 💌",
      subtext: "Konto",
      icon_small: "ic_mail",
      icon_url: "https://acme.test/icon.png",
      image_url: "https://acme.test/image.png",
      action_url: "acme://inbox?a=1&b=2",
      buttons: [
        { id: "open", text: "Open", url: "acme://open" },
        { id: "", text: "Later", url: "acme://later" },
      ],
      channel_show_badge: false,
      channel_sound: "chime",
      channel_lock_screen_visibility: "SECRET",
      channel_importance: "MAX",
      priority: "HIGH",
      color: "#ff0000",
      auto_cancel: false,
      group: "mail",
      timeout_sec: 60,
      is_silent: true,
      is_sticky: true,
      local_only: false,
      extra_payload: { order: "17", supr_send_n_pl: "forged" },
    });
    expect(await payloadOf(message)).toMatchObject({
      android: { priority: "NORMAL" },
      data: { order: "17" },
      notification: {
        silentPush: true,
        channelShowBadge: false,
        channelLockScreenVisibility: "SECRET",
        channelImportance: "MAX",
        channelSound: "chime",
        priority: "HIGH",
        smallIconDrawableName: "ic_mail",
        smallIconIdentifierName: "ic_mail",
        color: "#ff0000",
        notificationTitle: "Grüße 💌",
        subText: "Konto",
        iconUrl: "https://acme.test/icon.png",
        imageUrl: "https://acme.test/image.png",
        deeplink: "acme://inbox?a=1&b=2",
        group: "mail",
        onGoing: true,
        autoCancel: false,
        timeoutAfter: 60_000,
        localOnly: false,
        actions: [
          { id: "open", title: "Open", link: "acme://open" },
          { id: "2", title: "Later", link: "acme://later" },
        ],
      },
    });
  });

  it("has strings alone in its data, as FCM demands", async () => {
    const { data } = await payloadOf(push({ extra_payload: { count: 3, nested: { a: [1] } } }));
    expect(data).toEqual({ count: "3", nested: '{"a":[1]}' });
  });
});

describe("a notification that is refused", () => {
  const error = (status: string, message: string, details: object[] = []) => ({
    error: { status, message, details },
  });
  const detail = (errorCode: string) => ({
    "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
    errorCode,
  });
  const field = (name: string) => ({
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    fieldViolations: [{ field: name, description: "no" }],
  });

  it.each([
    [404, "NOT_FOUND", "no", [detail("UNREGISTERED")], "UNREGISTERED", "recipient", true],
    [404, "NOT_FOUND", "Requested entity was not found.", [], "NOT_FOUND", "recipient", true],
    [
      400,
      "INVALID_ARGUMENT",
      "The registration token is not a valid FCM registration token",
      [detail("INVALID_ARGUMENT")],
      "INVALID_ARGUMENT",
      "recipient",
      true,
    ],
    [400, "INVALID_ARGUMENT", "no", [field("message.token")], "INVALID_ARGUMENT", "recipient", true],
    [
      400,
      "INVALID_ARGUMENT",
      "Android message is too big",
      [detail("INVALID_ARGUMENT")],
      "INVALID_ARGUMENT",
      "message",
      undefined,
    ],
    [
      400,
      "INVALID_ARGUMENT",
      "no",
      [field("message.data[0].value")],
      "INVALID_ARGUMENT",
      "message",
      undefined,
    ],
    [
      403,
      "PERMISSION_DENIED",
      "SenderId mismatch",
      [detail("SENDER_ID_MISMATCH")],
      "SENDER_ID_MISMATCH",
      "recipient",
      undefined,
    ],
    [403, "PERMISSION_DENIED", "no", [], "PERMISSION_DENIED", "config", undefined],
    [
      401,
      "UNAUTHENTICATED",
      "no",
      [detail("THIRD_PARTY_AUTH_ERROR")],
      "THIRD_PARTY_AUTH_ERROR",
      "config",
      undefined,
    ],
    [401, "UNAUTHENTICATED", "no", [], "UNAUTHENTICATED", "config", undefined],
    [429, "RESOURCE_EXHAUSTED", "no", [detail("QUOTA_EXCEEDED")], "QUOTA_EXCEEDED", "throttled", undefined],
    [503, "UNAVAILABLE", "no", [detail("UNAVAILABLE")], "UNAVAILABLE", "transient", undefined],
    [500, "INTERNAL", "no", [detail("INTERNAL")], "INTERNAL", "transient", undefined],
  ])("with %i %s (%s, %j) fails as %s", async (status, name, message, details, code, kind, inactivate) => {
    const { outcome } = await sending(reply(status, error(name, message, details)));
    expect(outcome).toMatchObject({ kind: "failed", class: kind, code, message });
    expect("inactivate" in outcome ? outcome.inactivate : undefined).toBe(inactivate);
  });

  it("by a quota waits a minute, or longer if FCM asks for it", async () => {
    const full = error("RESOURCE_EXHAUSTED", "no", [detail("QUOTA_EXCEEDED")]);
    const wait = async (headers: Record<string, string>) =>
      (await sending(reply(429, full, headers))).outcome;
    expect(await wait({})).toMatchObject({ retry_after: 60 });
    expect(await wait({ "retry-after": "5" })).toMatchObject({ retry_after: 60 });
    expect(await wait({ "retry-after": "90" })).toMatchObject({ retry_after: 90 });
  });
});

describe("the token", () => {
  function connect(answer: Answer, clock = { now: Date.UTC(2026, 0, 1) }) {
    const requests: HttpRequest[] = [];
    const http = scriptedHttp((request) => {
      requests.push(request);
      return answer(request);
    });
    const connection = fcm.open(fcm.config.parse(config), { http, dial, now: () => clock.now });
    const send = (signal = AbortSignal.timeout(1000)) => connection.send(push(), signal);
    return { ...connection, send, clock, requests, logins: () => requests.filter(isLogin) };
  }
  const ok = reply(200, { name: "projects/acme-app/messages/1" });

  it("is asked for with a signed statement of the account", async () => {
    const { send, logins, clock } = connect((request) => (isLogin(request) ? login() : ok));
    await send();
    const form = new URLSearchParams(String(logins()[0]?.body));
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload } = await jwtVerify(
      form.get("assertion") ?? "",
      createPublicKey(publicKey.export({ type: "spki", format: "pem" })),
      {
        algorithms: ["RS256"],
        currentDate: new Date(clock.now),
      },
    );
    expect(payload).toEqual({
      iss: "push@acme-app.iam.gserviceaccount.com",
      aud: "https://oauth2.googleapis.com/token",
      scope: "https://www.googleapis.com/auth/firebase.messaging",
      iat: clock.now / 1000,
      exp: clock.now / 1000 + 3600,
    });
  });

  it("is asked for once by all who wait for it, and again five minutes before it expires", async () => {
    const { send, logins, clock } = connect((request) => (isLogin(request) ? login() : ok));
    await Promise.all([send(), send(), send()]);
    clock.now += 3298 * 1000;
    await send();
    expect(logins()).toHaveLength(1);
    clock.now += 2000;
    await send();
    expect(logins()).toHaveLength(2);
  });

  it("that is refused is replaced once", async () => {
    const tokens = ["old", "new"];
    const { send, logins, requests } = connect((request) => {
      if (isLogin(request)) return login(tokens.shift());
      return request.headers?.authorization === "Bearer new"
        ? ok
        : reply(401, { error: { status: "UNAUTHENTICATED" } });
    });
    expect(await send()).toMatchObject({ kind: "sent" });
    expect(logins()).toHaveLength(2);
    expect(requests).toHaveLength(4);
  });

  it.each([
    [400, { error: "invalid_grant", error_description: "Invalid JWT Signature." }, "invalid_grant", "config"],
    [401, { error: "invalid_client" }, "invalid_client", "config"],
    [200, {}, "http_200", "config"],
    [429, {}, "http_429", "throttled"],
    [503, {}, "http_503", "transient"],
  ])("that is not given out (%i %j) fails the message as %s", async (status, json, code, kind) => {
    const { send, requests } = connect(() => reply(status, json));
    expect(await send()).toMatchObject({ kind: "failed", code, class: kind });
    expect(requests).toHaveLength(1);
  });

  it("that may have been given out leaves nothing in doubt: the message has not left", async () => {
    const { send } = connect(() => {
      throw new HttpCallError("timeout", "no answer in time", true);
    });
    expect(await send()).toEqual({
      kind: "failed",
      class: "transient",
      code: "timeout",
      message: "no answer in time",
    });
  });

  it("does not hold a message longer than it may take", async () => {
    const { send } = connect(() => new Promise<HttpReply>(() => {}));
    const controller = new AbortController();
    const outcome = send(controller.signal);
    controller.abort();
    expect(await outcome).toMatchObject({ kind: "failed", class: "transient", code: "aborted" });
  });

  it("does not show in errors, nor does the key", async () => {
    const { send } = connect((request) =>
      isLogin(request)
        ? reply(400, { error: "x", error_description: `bad ${account.private_key.toString()}` })
        : ok,
    );
    expect(JSON.stringify(await send())).not.toContain("PRIVATE KEY");
  });
});

describe("the settings", () => {
  const verify = async (answer: HttpReply) => {
    const requests: HttpRequest[] = [];
    const http = scriptedHttp((request) => {
      if (isLogin(request)) return login();
      requests.push(request);
      return answer;
    });
    const connection = fcm.open(fcm.config.parse(config), { http, dial, now: Date.now });
    return { result: await connection.verify?.(AbortSignal.timeout(1000)), requests };
  };

  it("are verified by a message that FCM checks and does not send", async () => {
    const { result, requests } = await verify(reply(200, { name: "projects/acme-app/messages/fake" }));
    expect(result).toEqual({ ok: true });
    expect(JSON.parse(String(requests[0]?.body))).toMatchObject({ validate_only: true });
    expect(
      (await verify(reply(403, { error: { status: "PERMISSION_DENIED", message: "disabled" } }))).result,
    ).toEqual({
      ok: false,
      message: "disabled",
    });
  });
});
