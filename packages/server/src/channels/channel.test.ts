import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentText } from "../../test/content-text.ts";
import type { Channel } from "../core/channel.ts";
import androidpush from "./androidpush.ts";
import type { ChannelDefinition } from "./channel.ts";
import email from "./email.ts";
import inbox from "./inbox.ts";
import iospush from "./iospush.ts";
import teams from "./ms_teams.ts";
import slack from "./slack.ts";
import sms from "./sms.ts";
import webpush from "./webpush.ts";
import whatsapp from "./whatsapp.ts";

const channels: ChannelDefinition[] = [
  email,
  sms,
  whatsapp,
  inbox,
  androidpush,
  iospush,
  webpush,
  slack,
  teams,
];

/** Every template of a channel filled in, each with another text; the parts that are not sent too. */
const CONTENTS: Record<Channel, object> = {
  email: {
    ...plain("from_name", "subject"),
    from_address: "from@example.com",
    extra_to: "extra@example.com",
    cc: "cc@example.com",
    bcc: "bcc@example.com",
    reply_to: "reply@example.com",
    list_unsubscribe: "https://example.com/leave",
    body: {
      type: "raw",
      raw: { html: "<style>p{margin:0}</style><p>html</p>", text: "text" },
      designer: { html: "other html", text: "other text" },
      plain_text: { text: "other" },
      preheader: "preheader",
      email_markup: "{}",
    },
  },
  sms: plain("header", "body"),
  whatsapp: {
    header: { format: "DOCUMENT", ...plain("media_url", "filename", "text") },
    body: { text: "body" },
    footer: { text: "footer" },
    button_type: "CALL_TO_ACTION",
    buttons: [
      { type: "URL", url_type: "dynamic", text: "open", ...plain("url_static_part", "url_dynamic_part") },
      { type: "PHONE_NUMBER", text: "call", phone_number: "+14155552671" },
    ],
  },
  inbox: {
    ...plain("header", "body", "action_url", "image_url", "extra_data"),
    tags: ["one", "two"],
    buttons: [{ text: "button", url: "button url" }],
    subtext: { text: "subtext", url: "subtext url" },
    avatar: { image_url: "avatar image", url: "avatar url" },
    is_expiry_enabled: true,
    expiry: { value: "1d" },
  },
  androidpush: {
    ...plain(
      "header",
      "body",
      "subtext",
      "icon_small",
      "icon_url",
      "image_url",
      "action_url",
      "group",
      "color",
    ),
    channel_sound: "sound",
    buttons: [{ text: "button", url: "button url" }],
    extra_payload: { own: "payload" },
  },
  iospush: plain("header", "body", "image_url", "action_url", "sound", "thread_identifier"),
  webpush: {
    ...plain("header", "body", "icon_url", "image_url", "action_url", "badge_url", "sound", "group", "lang"),
    buttons: [{ text: "button", url: "button url", icon: "button icon" }],
    extra_payload: { own: ["payload", { deep: "deep payload" }], n: 1 },
  },
  slack: {
    body_type: "block",
    body_text: "other",
    body_block: '{"blocks": [{"text": "{{x}}"}]}',
    thread_ts: "thread",
  },
  ms_teams: { body_text: "text", body_card: "other" },
};

function plain(...fields: string[]): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [field, field]));
}

describe.each(channels.map((definition) => [definition.channel, definition] as const))(
  "every channel: %s",
  (channel, definition) => {
    it("stores an empty draft with its defaults, and parsing again changes nothing", () => {
      const content = definition.content.parse({});
      expect(content).toMatchObject({
        $schema: expect.stringContaining(`https://schema.suprsend.com/template/v2/channel/${channel}`),
        templating_language: "handlebars",
      });
      expect(definition.content.parse(content)).toEqual(content);
    });

    it("keeps unknown keys, at every level", () => {
      const draft = {
        body: typeof definition.content.parse({})["body"] === "string" ? "" : { own: 1 },
        own: { deep: [1] },
        $x: null,
      };
      expect(definition.content.parse(draft)).toMatchObject(draft);
    });

    it("refuses fields of the wrong type", () => {
      expect(definition.content.safeParse({ templating_language: 5 }).success).toBe(false);
      expect(definition.content.safeParse([]).success).toBe(false);
      expect(definition.content.safeParse(null).success).toBe(false);
    });

    it("is not confused by prototype keys", () => {
      const content = definition.content.parse(
        JSON.parse('{"__proto__": {"subject": "x"}, "constructor": 1, "toString": "s"}'),
      );
      expect(Object.getPrototypeOf(content)).toBe(Object.prototype);
      expect(definition.render(content, (source) => source)).toEqual(expect.any(Object));
    });

    it("escapes what people read as the wire does, and no link", () => {
      const link = "https://x.io/?a=1&b=2";
      const draft = {
        header: "{{name}}",
        body: "{{name}}",
        body_text: "{{name}}",
        action_url: "{{link}}",
        image_url: "{{link}}",
        icon_url: "{{link}}",
        badge_url: "{{link}}",
        avatar: { image_url: "{{link}}", url: "{{link}}" },
        subtext: { text: "{{name}}", url: "{{link}}" },
        buttons: [{ text: "{{name}}", url: "{{link}}", icon: "{{link}}" }],
      };
      const parsed = definition.content.safeParse(draft);
      // E-mail and WhatsApp have other fields, and their own tests.
      if (!parsed.success || ["email", "whatsapp"].includes(channel)) return;
      const text = contentText({ name: "O'Neil", link, $brand: {} });
      const shown = JSON.stringify(definition.render(parsed.data, text));
      expect(shown).toContain("O&#x27;Neil");
      expect(shown).not.toContain("&amp;");
    });

    it("finds nothing to commit in an empty draft, and says why under dotted paths", () => {
      const problems = definition.findProblems(definition.content.parse({}));
      expect(Object.values(problems)).toContainEqual(["missing"]);
    });

    it("lists exactly the sources that it renders", () => {
      const content = definition.content.parse(CONTENTS[channel]);
      expect(definition.findProblems(content)).toEqual({});
      const rendered: string[] = [];
      const completed = definition.complete?.(content) ?? content;
      definition.render(completed, (source) => {
        rendered.push(source);
        return source;
      });
      const listed = definition.sources(completed).map(({ source }) => source);
      expect(new Set(rendered.filter((source) => source !== ""))).toEqual(
        new Set(listed.filter((source) => source !== "")),
      );
    });

    it("never throws on an identity, whatever it is", () => {
      fc.assert(
        fc.property(fc.jsonValue(), fc.option(fc.string()), (input, hint) => {
          const parsed = definition.parseIdentity(input, { provider: hint, device_id: hint });
          expect(parsed.ok || parsed.reason.length > 0).toBe(true);
        }),
      );
    });
  },
);
