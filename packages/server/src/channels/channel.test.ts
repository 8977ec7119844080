import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTemplateEngine } from "../templates/engine.ts";
import androidpush from "./androidpush.ts";
import { type ChannelDefinition, createRenderText } from "./channel.ts";
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
      const text = createRenderText(
        createTemplateEngine(),
        { name: "O'Neil", link, $brand: {} },
        new Date(0),
      );
      const shown = JSON.stringify(definition.render(parsed.data, text));
      expect(shown).toContain("O&#x27;Neil");
      expect(shown).not.toContain("&amp;");
    });

    it("finds nothing to commit in an empty draft, and says why under dotted paths", () => {
      const problems = definition.findProblems(definition.content.parse({}));
      expect(Object.values(problems)).toContainEqual(["missing"]);
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
