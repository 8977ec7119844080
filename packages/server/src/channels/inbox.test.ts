import { describe, expect, it } from "vitest";
import { parseExpiry } from "../core/time/expiry.ts";
import inbox from "./inbox.ts";

const problems = (draft: object) => inbox.findProblems(inbox.content.parse({ body: "b", ...draft }));
const render = (draft: object, values: Record<string, string> = {}) =>
  inbox.render(inbox.content.parse(draft), (source) =>
    source.replaceAll(/\{\{(\w+)\}\}/g, (_tag, name: string) => values[name] ?? ""),
  );

describe("inbox identities", () => {
  it("takes a subscriber id as it is", () => {
    expect(inbox.parseIdentity(" AbC-_ ", {})).toEqual({
      ok: true,
      identity: { value: "AbC-_", key: "AbC-_", provider: "suprsend", device_id: null, bundle_id: null },
    });
  });

  it.each([[""], [5], [null], ["x".repeat(513)]])("refuses %j", (input) => {
    expect(inbox.parseIdentity(input, {})).toMatchObject({ ok: false });
  });
});

describe("inbox content", () => {
  const button = { text: "a", url: "b" };
  it.each([
    ["no body", { body: " " }, { body: ["missing"] }],
    ["a long header", { header: "h".repeat(501) }, { header: ["must contain at maximum 500 characters"] }],
    [
      "a third button",
      { buttons: [button, button, button] },
      { buttons: ["must contain at maximum 2 items"] },
    ],
    ["a button that only has a link", { buttons: [{ url: "x" }] }, { "buttons.0.text": ["missing"] }],
    ["an avatar that only has a link", { avatar: { url: "x" } }, { "avatar.image_url": ["missing"] }],
    ["a subtext that only has a link", { subtext: { url: "x" } }, { "subtext.text": ["missing"] }],
    [
      "a long key to stack by",
      { collapse_key: "k".repeat(256) },
      { collapse_key: ["must contain at maximum 255 characters"] },
    ],
    ["an unknown importance", { importance: "low" }, { importance: ["must be one of ['default' 'high']"] }],
    ["an expiry without a value", { is_expiry_enabled: true }, { "expiry.value": ["missing"] }],
    [
      "a fixed expiry nobody can read",
      { is_expiry_enabled: true, expiry: { value: "tomorrow" } },
      {
        "expiry.value": [
          "invalid value. valid format [xx]d[xx]h[xx]m[xx]s, seconds, or an ISO 8601 datetime",
        ],
      },
    ],
  ])("finds %s", (_title, draft, expected) => {
    expect(problems(draft)).toEqual(expected);
  });

  it.each([
    ["an expiry that is switched off", { expiry: { value: "tomorrow" } }],
    ["a dynamic expiry", { is_expiry_enabled: true, expiry: { expiry_type: "dynamic", value: "{{until}}" } }],
    ["two buttons", { buttons: [button, button] }],
  ])("accepts %s", (_title, draft) => {
    expect(problems(draft)).toEqual({});
  });
});

describe("inbox rendering", () => {
  it("delivers the feed's names for everything", () => {
    const draft = {
      header: "H {{x}}",
      body: "B {{x}}",
      action_url: " https://x.io/{{x}} ",
      open_in_new_tab: true,
      image_url: "https://x.io/i.png",
      subtext: { text: "S {{x}}", url: "/s" },
      avatar: { image_url: "/a.png", url: "/a" },
      importance: "high",
      tags: ["{{x}}", " 1 ", "t", "{{none}}"],
      buttons: [
        { text: "{{x}}", url: "/b", open_in_new_tab: true },
        { text: "{{none}}", url: "/c" },
      ],
      is_pinned: true,
      is_expiry_enabled: true,
      expiry: { format: "relative", expiry_type: "dynamic", value: "{{until}}", is_expiry_visible: true },
      extra_data: '{"a":"{{x}}"}',
      can_user_unpin: false,
      collapse_key: " doc-{{x}} ",
    };
    expect(render(draft, { x: "1", until: " 2d 6h " })).toEqual({
      schema: "1.0",
      can_user_unpin: false,
      collapse_key: "doc-1",
      header: "H 1",
      text: "B 1",
      url: "https://x.io/1",
      open_in_new_tab: true,
      image_url: "https://x.io/i.png",
      subtext: { text: "S 1", action_url: "/s" },
      avatar: { avatar_url: "/a.png", action_url: "/a" },
      importance: "high",
      tags: ["1", "t"],
      actions: [{ name: "1", url: "/b", open_in_new_tab: true }],
      is_pinned: true,
      is_expiry_enabled: true,
      expiry: { format: "relative", expiry_type: "dynamic", value: "2d 6h", is_expiry_visible: true },
      extra_data: '{"a":"1"}',
    });
  });

  it("leaves out what rendered to nothing, and never puts a null in its place", () => {
    const message = render({
      body: "b",
      avatar: { image_url: "{{none}}", url: "/x" },
      subtext: { text: "{{none}}" },
    });
    expect(Object.keys(message)).toEqual(
      expect.not.arrayContaining(["avatar", "subtext", "expiry", "image_url"]),
    );
    expect(JSON.stringify(message)).not.toContain("null");
  });

  it("lets a dynamic expiry determine its own format", () => {
    const draft = { is_expiry_enabled: true, expiry: { format: "relative", value: "{{until}}" } };
    expect(render(draft, { until: "2026-12-01T10:00:00Z" })["expiry"]).toMatchObject({ format: "absolute" });
    expect(render(draft, { until: "3600" })["expiry"]).toMatchObject({ format: "relative", value: "3600" });
  });

  it("fails the message for an invalid expiry", () => {
    const draft = { is_expiry_enabled: true, expiry: { value: "{{until}}" } };
    expect(() => render(draft, { until: "soon" })).toThrow(expect.objectContaining({ path: "expiry.value" }));
  });

  it.each([
    ["action_url", { action_url: "{{x}}" }],
    ["buttons.0.url", { buttons: [{ text: "a", url: "{{x}}" }] }],
    ["subtext.url", { subtext: { text: "a", url: "{{x}}" } }],
    ["avatar.image_url", { avatar: { image_url: "{{x}}" } }],
  ])("refuses a link with code in %s", (path, draft) => {
    expect(() => render(draft, { x: "\u0001java\nscript:alert(1)" })).toThrow(
      expect.objectContaining({ path }),
    );
  });

  it("refuses an expiry that has passed when it is sent, and none that is a duration", () => {
    const content = (value: string) =>
      inbox.content.parse({ body: "b", is_expiry_enabled: true, expiry: { value } });
    const render = (value: string) =>
      inbox.render(content(value), (source) => source, new Date("2026-07-01T00:00:00Z"));
    expect(() => render("2026-07-01T00:00:00Z")).toThrow(
      "expiry.value: '2026-07-01T00:00:00Z' is in the past",
    );
    expect(render("2026-07-01T00:00:01Z")).toMatchObject({ expiry: { format: "absolute" } });
    expect(render("1s")).toMatchObject({ expiry: { format: "relative" } });
  });

  it("accepts small pictures inline, but no documents", () => {
    const picture = "data:image/png;base64,AAAA";
    expect(render({ avatar: { image_url: picture } })["avatar"]).toMatchObject({ avatar_url: picture });
    expect(() => render({ avatar: { image_url: "data:image/svg+xml,<svg/>" } })).toThrow(/avatar\.image_url/);
  });
});

describe("parseExpiry", () => {
  it.each([
    ["7d", { format: "relative", after_ms: 604_800_000 }],
    ["24h30m", { format: "relative", after_ms: 88_200_000 }],
    ["2d 6h 30m 0s", { format: "relative", after_ms: 196_200_000 }],
    [" 90 ", { format: "relative", after_ms: 90_000 }],
    ["2026-12-01T10:00:00Z", { format: "absolute", at_ms: Date.UTC(2026, 11, 1, 10) }],
    ["2026-12-01T10:00:00.5+05:30", { format: "absolute", at_ms: Date.UTC(2026, 11, 1, 4, 30, 0, 500) }],
    ["2026-12-01T10:00", { format: "absolute", at_ms: Date.UTC(2026, 11, 1, 10) }],
  ])("reads %j", (text, expiry) => {
    expect(parseExpiry(text)).toEqual(expiry);
  });

  it.each([
    "",
    "0",
    "0s",
    "-5",
    "1.5h",
    "7 days",
    "1w",
    "999999999d",
    "2026-13-01T00:00:00Z",
    "2026-12-01",
    "now",
    "d",
    "5d x",
  ])("refuses %j", (text) => {
    expect(parseExpiry(text)).toBeNull();
  });
});

it("finds the links that are refused whatever the data before they are committed", () => {
  const link = "javascript:alert(1)";
  const reason = ["links of this kind are not allowed"];
  const draft = {
    action_url: link,
    image_url: link,
    subtext: { text: "t", url: link },
    avatar: { image_url: "data:image/png;base64,x", url: link },
    buttons: [{ text: "t", url: link }],
  };
  expect(problems(draft)).toEqual({
    action_url: reason,
    image_url: reason,
    "subtext.url": reason,
    "avatar.url": reason,
    "buttons.0.url": reason,
  });
  expect(problems({ action_url: "{{scheme}}:x" })).toEqual({});
});
