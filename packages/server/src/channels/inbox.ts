import { cut } from "../core/text/text.ts";
import { z } from "zod";
import { defaultProvider } from "../core/channel.ts";
import type { IdentityResult } from "../core/profile/identity.ts";
import { defineChannel, RenderError, type RenderText, type TemplateSource, SAMPLE_TITLE } from "./channel.ts";
import {
  collectProblems,
  contentHead,
  contentObject,
  fieldSources,
  flagField,
  isBlank,
  isTemplated,
  memberSources,
  textField,
} from "./content.ts";
import { identityKey } from "./shared/identity-key.ts";
import { parseExpiry } from "../core/time/expiry.ts";
import { checkImageLink, checkLink, renderImageLink, renderLink } from "./shared/link.ts";

const MAX_COLLAPSE_KEY = 255;
const BAD_EXPIRY = "valid format [xx]d[xx]h[xx]m[xx]s, seconds, or an ISO 8601 datetime";

const content = contentObject({
  ...contentHead("inbox"),
  schema_version: z.string().default("1.0"),
  header: textField,
  /** Markdown. */
  body: textField,
  action_url: textField,
  open_in_new_tab: flagField(false),
  image_url: textField,
  subtext: contentObject({ text: textField, url: textField }).nullable().default(null),
  avatar: contentObject({ image_url: textField, url: textField }).nullable().default(null),
  importance: z.string().default("default"),
  tags: z.array(z.string()).default([]),
  buttons: z
    .array(contentObject({ text: textField, url: textField, open_in_new_tab: flagField(false) }))
    .default([]),
  is_pinned: flagField(false),
  // The last two are ours, and only in templates that have them.
  /** False: pinned until it is read or archived. */
  can_user_unpin: z.boolean().optional(),
  /** Items of one key are shown as one stack. */
  collapse_key: z.string().optional(),
  is_expiry_enabled: flagField(false),
  expiry: contentObject({
    format: z.string().default("relative"),
    expiry_type: z.string().default("fixed"),
    value: textField,
    is_expiry_visible: flagField(false),
  })
    .nullable()
    .default(null),
  /** Usually JSON text; feeds deliver the string. */
  extra_data: textField,
});

type InboxContent = z.output<typeof content>;

/**
 * The `message` of a feed item as clients read it, with other names than the content. Absent parts are left out: a null
 * instead fails the decoder of a whole list on iOS.
 */
export type InboxMessage = {
  schema: string;
  header: string;
  text: string;
  url: string;
  open_in_new_tab: boolean;
  extra_data: string;
  tags: string[];
  importance: string;
  actions: { name: string; url: string; open_in_new_tab: boolean }[];
  is_pinned: boolean;
  /** Only where it is false. */
  can_user_unpin?: boolean;
  collapse_key?: string;
  is_expiry_enabled: boolean;
  /** `value` is parsed by `parseExpiry`; it counts from when the item is stored. */
  expiry?: { format: string; expiry_type: string; is_expiry_visible: boolean; value: string };
  subtext?: { text: string; action_url: string };
  avatar?: { avatar_url: string; action_url: string };
  image_url?: string;
};

export default defineChannel({
  channel: "inbox",
  sample: (text) => ({ header: SAMPLE_TITLE, body: text }),
  parseIdentity,
  content,
  findProblems,
  sources,
  render,
});

/** The id of the recipient in feeds. Every recipient gets one; clients rarely add others. */
function parseIdentity(input: unknown): IdentityResult {
  if (typeof input !== "string") return { ok: false, reason: "$inbox: value must be of string type" };
  const value = input.trim();
  if (value === "" || value.length > 512) return { ok: false, reason: "invalid value" };
  return {
    ok: true,
    identity: {
      value,
      key: identityKey(value),
      provider: defaultProvider("inbox"),
      device_id: null,
      bundle_id: null,
    },
  };
}

function findProblems(content: InboxContent): Record<string, string[]> {
  const problems = collectProblems();
  problems.require("body", content.body);
  problems.limit("header", content.header, 500);
  problems.limit("collapse_key", content.collapse_key ?? "", MAX_COLLAPSE_KEY);
  problems.oneOf("importance", content.importance, ["default", "high"]);
  // A link needs a clickable element.
  if (!isBlank(content.avatar?.url)) problems.require("avatar.image_url", content.avatar?.image_url);
  if (!isBlank(content.subtext?.url)) problems.require("subtext.text", content.subtext?.text);
  problems.atMost("buttons", content.buttons, 2);
  content.buttons.forEach((button, index) => {
    if (!isBlank(button.url)) problems.require(`buttons.${index}.text`, button.text);
    checkLink(problems, `buttons.${index}.url`, button.url);
  });
  checkLink(problems, "action_url", content.action_url);
  checkLink(problems, "subtext.url", content.subtext?.url ?? "");
  checkLink(problems, "avatar.url", content.avatar?.url ?? "");
  checkImageLink(problems, "avatar.image_url", content.avatar?.image_url ?? "");
  checkImageLink(problems, "image_url", content.image_url);
  if (content.is_expiry_enabled) {
    const { expiry } = content;
    problems.require("expiry.value", expiry?.value);
    if (expiry !== null && !isBlank(expiry.value)) {
      problems.oneOf("expiry.format", expiry.format, ["relative", "absolute"]);
      problems.oneOf("expiry.expiry_type", expiry.expiry_type, ["fixed", "dynamic"]);
      problems.limit("expiry.value", expiry.value, 500);
      if (!isTemplated(expiry.value) && parseExpiry(expiry.value) === null) {
        problems.add("expiry.value", `invalid value. ${BAD_EXPIRY}`);
      }
    }
  }
  return problems.found;
}

function sources(content: InboxContent): TemplateSource[] {
  const { tags, buttons, subtext, avatar, expiry } = content;
  return [
    ...fieldSources(content, ["header", "body", "action_url", "extra_data", "image_url"]),
    ...fieldSources({ collapse_key: content.collapse_key ?? "" }, ["collapse_key"]),
    ...memberSources(tags, "tags"),
    ...buttons.flatMap((button, index) => fieldSources(button, ["text", "url"], `buttons.${index}.`)),
    ...fieldSources(content.is_expiry_enabled ? expiry : null, ["value"], "expiry."),
    ...fieldSources(subtext, ["text", "url"], "subtext."),
    ...fieldSources(avatar, ["image_url", "url"], "avatar."),
  ];
}

function render(content: InboxContent, text: RenderText, now?: Date): InboxMessage {
  const message: InboxMessage = {
    schema: content.schema_version,
    header: text(content.header),
    text: text(content.body),
    url: renderLink("action_url", content.action_url, text),
    open_in_new_tab: content.open_in_new_tab,
    extra_data: text(content.extra_data),
    tags: renderTags(content.tags, text),
    importance: content.importance,
    actions: renderButtons(content, text),
    is_pinned: content.is_pinned,
    is_expiry_enabled: content.is_expiry_enabled && content.expiry !== null,
  };
  if (content.can_user_unpin === false) message.can_user_unpin = false;
  const collapse_key = cut(text(content.collapse_key ?? "").trim(), MAX_COLLAPSE_KEY);
  if (collapse_key !== "") message.collapse_key = collapse_key;
  if (content.is_expiry_enabled && content.expiry !== null) {
    message.expiry = renderExpiry(content.expiry, text, now);
  }
  const subtext = text(content.subtext?.text ?? "");
  if (!isBlank(subtext)) {
    message.subtext = {
      text: subtext,
      action_url: renderLink("subtext.url", content.subtext?.url ?? "", text),
    };
  }
  const avatar = renderImageLink("avatar.image_url", content.avatar?.image_url ?? "", text);
  if (avatar !== "") {
    message.avatar = {
      avatar_url: avatar,
      action_url: renderLink("avatar.url", content.avatar?.url ?? "", text),
    };
  }
  const image = renderImageLink("image_url", content.image_url, text);
  if (image !== "") message.image_url = image;
  return message;
}

function renderTags(tags: readonly string[], text: RenderText): string[] {
  return [...new Set(tags.map((tag) => text(tag).trim()))].filter((tag) => tag !== "");
}

/** A button whose label rendered to nothing is left out for this recipient. */
function renderButtons(content: InboxContent, text: RenderText): InboxMessage["actions"] {
  return content.buttons
    .map((button, index) => ({
      name: text(button.text).trim(),
      url: renderLink(`buttons.${index}.url`, button.url, text),
      open_in_new_tab: button.open_in_new_tab,
    }))
    .filter((action) => action.name !== "");
}

function renderExpiry(
  expiry: NonNullable<InboxContent["expiry"]>,
  text: RenderText,
  now: Date | undefined,
): NonNullable<InboxMessage["expiry"]> {
  const value = text(expiry.value).trim();
  const parsed = parseExpiry(value);
  if (parsed === null) {
    throw new RenderError("expiry.value", `invalid value '${cut(value, 64)}'. ${BAD_EXPIRY}`);
  }
  if (now !== undefined && parsed.format === "absolute" && parsed.at_ms <= now.getTime()) {
    throw new RenderError("expiry.value", `'${value}' is in the past`);
  }
  return {
    // The value itself determines whether a dynamic expiry is relative or absolute.
    format: parsed.format,
    expiry_type: expiry.expiry_type,
    is_expiry_visible: expiry.is_expiry_visible,
    value,
  };
}
