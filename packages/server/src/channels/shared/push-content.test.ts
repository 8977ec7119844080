import { describe, expect, it } from "vitest";
import androidpush from "../androidpush.ts";
import iospush from "../iospush.ts";
import webpush from "../webpush.ts";

const text = (source: string) => source.replaceAll("{{name}}", "Ann");

describe("android push content", () => {
  it("has the defaults of the wire", () => {
    expect(androidpush.content.parse({})).toMatchObject({
      icon_url: "{{$brand.logo}}",
      color: "{{$organization.primary_color}}",
      channel_show_badge: true,
      channel_lock_screen_visibility: "PUBLIC",
      channel_importance: "DEFAULT",
      priority: "DEFAULT",
      auto_cancel: true,
      timeout_sec: 0,
      is_silent: false,
      is_sticky: false,
      local_only: true,
      buttons: [],
      extra_payload: {},
    });
  });

  it("finds everything that is wrong", () => {
    const content = androidpush.content.parse({
      header: "h".repeat(501),
      subtext: "s".repeat(51),
      buttons: [{}, { text: "a", url: "b" }, { text: "a", url: "b" }, { text: "a", url: "b" }],
      priority: "URGENT",
      timeout_sec: -1,
      extra_payload: { n: 1 },
    });
    expect(androidpush.findProblems(content)).toEqual({
      header: ["must contain at maximum 500 characters"],
      body: ["missing"],
      subtext: ["must contain at maximum 50 characters"],
      buttons: ["must contain at maximum 3 items"],
      "buttons.0.text": ["missing"],
      "buttons.0.url": ["missing"],
      priority: ["must be one of ['HIGH' 'DEFAULT']"],
      timeout_sec: ["must be a whole number, 0 or greater"],
      "extra_payload.n": ["must be of string type"],
    });
  });

  it("renders texts, links, buttons and payload, and nothing else", () => {
    const content = androidpush.content.parse({
      header: "{{name}}",
      body: "{{name}}",
      group: "{{name}}",
      buttons: [{ id: "{{name}}", text: "{{name}}", url: "/{{name}}" }],
      extra_payload: { "{{name}}": "{{name}}" },
      custom: "{{name}}",
    });
    expect(androidpush.render(content, text)).toMatchObject({
      header: "Ann",
      body: "Ann",
      group: "Ann",
      buttons: [{ id: "{{name}}", text: "Ann", url: "/Ann" }],
      extra_payload: { "{{name}}": "Ann" },
      custom: "{{name}}",
      channel_importance: "DEFAULT",
    });
  });
});

describe("defaults that are templates", () => {
  const strict = (source: string) => {
    if (source.includes("{{")) throw new Error("not defined");
    return source;
  };

  it("become empty where the recipient's context cannot fill them", () => {
    expect(androidpush.render(androidpush.content.parse({}), strict)).toMatchObject({
      icon_url: "",
      color: "",
    });
    expect(iospush.render(iospush.content.parse({}), strict)).toMatchObject({ thread_identifier: "" });
    expect(webpush.render(webpush.content.parse({}), strict)).toMatchObject({ icon_url: "" });
  });

  it("fail the message where the author wrote something else", () => {
    expect(() => androidpush.render(androidpush.content.parse({ icon_url: "{{logo}}" }), strict)).toThrow(
      "not defined",
    );
  });
});

describe("ios push content", () => {
  it("has the defaults of the wire and asks for header and body", () => {
    const content = iospush.content.parse({});
    expect(content).toMatchObject({
      badge: 0,
      sound: "default",
      content_available: 1,
      mutable_content: 1,
      thread_identifier: "{{$workflow.$category.slug}}",
      notification_type: "basic",
      via_suprsend: true,
    });
    expect(iospush.findProblems(content)).toEqual({ header: ["missing"], body: ["missing"] });
    expect(iospush.findProblems(iospush.content.parse({ header: "h", body: "b", badge: 1.5 }))).toEqual({
      badge: ["must be a whole number"],
    });
  });
});

describe("web push content", () => {
  it("finds everything that is wrong", () => {
    const button = { text: "a", url: "b" };
    const content = webpush.content.parse({
      header: "h",
      body: "b".repeat(4001),
      dir: "up",
      vibrate: [100, 0],
      buttons: [button, button, button],
    });
    expect(webpush.findProblems(content)).toEqual({
      body: ["must contain at maximum 4000 characters"],
      dir: ["must be one of ['auto' 'ltr' 'rtl']"],
      buttons: ["must contain at maximum 2 items"],
      vibrate: ["must contain whole numbers greater than 0"],
    });
  });

  it("renders strings at any depth of the payload and leaves other values", () => {
    const content = webpush.content.parse({
      extra_payload: { a: [{ b: "{{name}}", n: 1, t: true, z: null }] },
    });
    expect(webpush.render(content, text)["extra_payload"]).toEqual({
      a: [{ b: "Ann", n: 1, t: true, z: null }],
    });
  });

  it.each(["javascript:alert(1)", " JAVA\tSCRIPT:x", "data:text/html,x", "vbscript:x"])(
    "refuses the link %j",
    (link) => {
      expect(() => webpush.render(webpush.content.parse({ action_url: link }), text)).toThrow(
        expect.objectContaining({ name: "RenderError", path: "action_url" }),
      );
      expect(() => webpush.render(webpush.content.parse({ buttons: [{ url: link }] }), text)).toThrow(
        expect.objectContaining({ path: "buttons.0.url" }),
      );
      const draft = { header: "h", body: "b", action_url: link, buttons: [{ text: "t", url: link }] };
      expect(webpush.findProblems(webpush.content.parse(draft))).toEqual({
        action_url: ["links of this kind are not allowed"],
        "buttons.0.url": ["links of this kind are not allowed"],
      });
    },
  );
});

describe("web push identities", () => {
  const subscription = { endpoint: "https://push.example/x", keys: { p256dh: "P", auth: "A" } };

  it("keeps the subscription and identifies it by its endpoint", () => {
    const input = { ...subscription, expirationTime: null, extra: 1 };
    expect(webpush.parseIdentity(input, { provider: "vapid", device_id: "d1" })).toEqual({
      ok: true,
      identity: {
        value: { ...subscription, expirationTime: null },
        key: "https://push.example/x",
        provider: "vapid",
        device_id: "d1",
        bundle_id: null,
      },
    });
  });

  it.each([
    "https://push.example/x",
    null,
    [],
    {},
    { ...subscription, endpoint: "" },
    { ...subscription, endpoint: "ftp://x" },
    { ...subscription, keys: { p256dh: "P" } },
    { ...subscription, keys: { p256dh: "", auth: "A" } },
  ])("refuses %j", (input) => {
    const parsed = webpush.parseIdentity(input, {});
    expect(parsed).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^invalid webpush subscription: /),
    });
  });

  it("does not repeat the keys it refuses", () => {
    const parsed = webpush.parseIdentity({ endpoint: "", keys: { p256dh: "Psecret", auth: "Asecret" } }, {});
    expect(JSON.stringify(parsed)).not.toContain("secret");
  });
});
