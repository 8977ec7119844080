import type { Channel } from "../../src/core/channel.ts";

export const rawMail = (html: string, text = "") => ({ type: "raw", raw: { html, text } });
const button = { text: "t", url: "u" };

/** A content that can be committed, and the paths in it whose text is a template, with spaces between them. */
export const CONTENTS: Record<Channel, [content: object, paths: string]> = {
  email: [
    { subject: "s", body: rawMail("<p>x</p>", "x") },
    "subject from_name from_address extra_to cc bcc reply_to body.raw.html body.raw.text body.preheader body.email_markup",
  ],
  sms: [{ body: "x" }, "body header"],
  whatsapp: [
    {
      header: { format: "DOCUMENT", media_url: "https://x.example/", filename: "f" },
      body: { text: "x" },
      footer: { text: "f" },
      button_type: "CALL_TO_ACTION",
      buttons: [
        { type: "URL", text: "t", url_type: "dynamic", url_static_part: "s", url_dynamic_part: "d" },
        { type: "PHONE_NUMBER", text: "t", phone_number: "+14155552671" },
      ],
    },
    "header.text header.media_url header.filename body.text footer.text buttons.0.text buttons.0.url_static_part buttons.0.url_dynamic_part buttons.1.phone_number",
  ],
  inbox: [
    {
      body: "x",
      tags: ["one", "two"],
      buttons: [button],
      subtext: { text: "t", url: "u" },
      avatar: { image_url: "i", url: "u" },
      is_expiry_enabled: true,
      expiry: { value: "1d" },
    },
    "header body action_url image_url extra_data tags.1 expiry.value buttons.0.text buttons.0.url subtext.text subtext.url avatar.image_url avatar.url",
  ],
  androidpush: [
    { header: "h", body: "x", buttons: [button], extra_payload: { own: "p" } },
    "header body subtext icon_small icon_url image_url action_url channel_sound group color buttons.0.text buttons.0.url extra_payload.own",
  ],
  iospush: [{ header: "h", body: "x" }, "header body image_url action_url sound thread_identifier"],
  webpush: [
    { header: "h", body: "x", buttons: [{ ...button, icon: "i" }], extra_payload: { own: [{ deep: "p" }] } },
    "header body icon_url image_url action_url badge_url sound group lang buttons.0.text buttons.0.url buttons.0.icon extra_payload.own.0.deep",
  ],
  slack: [{ body_type: "block", body_block: '{"blocks": ["{{x}}"]}' }, "body_block"],
  ms_teams: [{ body_text: "x" }, "body_text"],
};

/** A copy of a content with another text at this path. */
export function withText(content: unknown, [key = "", ...rest]: readonly string[], text: string): object {
  const copy: Record<string, unknown> = Array.isArray(content)
    ? (structuredClone(content) as unknown as Record<string, unknown>)
    : { ...(content as object) };
  copy[key] = rest.length === 0 ? text : withText(copy[key], rest, text);
  return copy;
}
