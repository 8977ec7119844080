import { z } from "zod";
import { defaultProvider } from "../core/channel.ts";
import { describeValue } from "../core/text/describe-value.ts";
import type { IdentityHints, IdentityResult } from "../core/profile/identity.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { defineChannel, type RenderText, type TemplateSource, SAMPLE_TITLE } from "./channel.ts";
import {
  anyJson,
  collectProblems,
  contentHead,
  contentObject,
  fieldSources,
  flagField,
  memberSources,
  renderDefaulted,
  renderFields,
  renderMembers,
  textField,
} from "./content.ts";
import { identityKey } from "./shared/identity-key.ts";
import { checkLink, renderLink } from "./shared/link.ts";
import { checkButtons, checkPushText, PUSH_PROSE, pushButton } from "./shared/push-content.ts";

const DEFAULT_ICON = "{{$brand.logo}}";

/** Far above the endpoints of any push service. */
const MAX_ENDPOINT_LENGTH = 4096;
const MAX_KEY_LENGTH = 512;

const content = contentObject({
  ...contentHead("webpush"),
  header: textField,
  body: textField,
  icon_url: z.string().default(DEFAULT_ICON),
  image_url: textField,
  action_url: textField,
  badge_url: textField,
  dir: z.string().default("auto"),
  /** Milliseconds on and off, alternating. */
  vibrate: z.array(z.number()).default([]),
  sound: textField,
  is_sticky: flagField(false),
  is_silent: flagField(false),
  renotify: flagField(false),
  group: textField,
  lang: textField,
  buttons: z.array(pushButton.extend({ icon: textField })).default([]),
  /** Anything for the page's service worker. */
  extra_payload: z.record(z.string(), anyJson).default({}),
});

const PLAIN = ["image_url", "badge_url", "sound", "group", "lang"];

type WebpushContent = z.output<typeof content>;

export default defineChannel({
  channel: "webpush",
  sample: (text) => ({ header: SAMPLE_TITLE, body: text }),
  parseIdentity,
  content,
  findProblems,
  sources,
  render,
});

/** A browser's PushSubscription, identified by its endpoint: the keys may be renewed. */
function parseIdentity(input: unknown, hints: IdentityHints): IdentityResult {
  const subscription = isJsonObject(input) ? input : {};
  const keys = isJsonObject(subscription["keys"]) ? subscription["keys"] : {};
  const endpoint = filled(subscription["endpoint"], MAX_ENDPOINT_LENGTH);
  const p256dh = filled(keys["p256dh"], MAX_KEY_LENGTH);
  const auth = filled(keys["auth"], MAX_KEY_LENGTH);
  if (endpoint === null || p256dh === null || auth === null || !/^https?:\/\//i.test(endpoint)) {
    return { ok: false, reason: `invalid webpush subscription: ${describeValue(input)}` };
  }
  const { expirationTime } = subscription;
  const value: JsonObject = {
    endpoint,
    expirationTime: typeof expirationTime === "number" ? expirationTime : null,
    keys: { p256dh, auth },
  };
  return {
    ok: true,
    identity: {
      value,
      key: identityKey(endpoint),
      provider: defaultProvider("webpush"),
      device_id: hints.device_id ?? null,
      bundle_id: null,
    },
  };
}

function filled(value: unknown, maxLength: number): string | null {
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" || text.length > maxLength ? null : text;
}

function findProblems(content: WebpushContent): Record<string, string[]> {
  const problems = collectProblems();
  checkPushText(problems, content);
  problems.oneOf("dir", content.dir, ["auto", "ltr", "rtl"]);
  checkButtons(problems, content.buttons, 2);
  checkLink(problems, "action_url", content.action_url);
  content.buttons.forEach(({ url }, index) => checkLink(problems, `buttons.${index}.url`, url));
  if (!content.vibrate.every((duration) => Number.isSafeInteger(duration) && duration > 0)) {
    problems.add("vibrate", "must contain whole numbers greater than 0");
  }
  return problems.found;
}

function sources(content: WebpushContent): TemplateSource[] {
  return [
    ...fieldSources(content, [...PUSH_PROSE, ...PLAIN, "icon_url", "action_url"]),
    ...content.buttons.flatMap((button, index) =>
      fieldSources(button, ["text", "icon", "url"], `buttons.${index}.`),
    ),
    ...memberSources(content.extra_payload, "extra_payload"),
  ];
}

function render(content: WebpushContent, text: RenderText): WebpushContent {
  return {
    ...renderFields(renderFields(content, PUSH_PROSE, text), PLAIN, text, "none"),
    icon_url: renderDefaulted(content.icon_url, DEFAULT_ICON, text),
    action_url: renderLink("action_url", content.action_url, text),
    buttons: content.buttons.map((button, index) => ({
      ...renderFields(renderFields(button, ["text"], text), ["icon"], text, "none"),
      url: renderLink(`buttons.${index}.url`, button.url, text),
    })),
    extra_payload: renderMembers(content.extra_payload, text),
  };
}
