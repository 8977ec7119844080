import { z } from "zod";
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
import { checkButtons, checkPushText, PUSH_PROSE, pushButton } from "./shared/push-content.ts";
import { parsePushToken } from "./shared/push-token.ts";

const DEFAULT_ICON = "{{$brand.logo}}";
const DEFAULT_COLOR = "{{$organization.primary_color}}";

const content = contentObject({
  ...contentHead("androidpush"),
  header: textField,
  body: textField,
  subtext: textField,
  /** The name of a drawable in the app. */
  icon_small: textField,
  icon_url: z.string().default(DEFAULT_ICON),
  image_url: textField,
  action_url: textField,
  buttons: z.array(pushButton).default([]),
  // The notification channel of Android 8 and later, created by the app's SDK on first use.
  channel_show_badge: flagField(true),
  channel_sound: textField,
  channel_lock_screen_visibility: z.string().default("PUBLIC"),
  channel_importance: z.string().default("DEFAULT"),
  priority: z.string().default("DEFAULT"),
  color: z.string().default(DEFAULT_COLOR),
  auto_cancel: flagField(true),
  group: textField,
  /** Seconds until it disappears; 0 for never. */
  timeout_sec: z.number().default(0),
  is_silent: flagField(false),
  is_sticky: flagField(false),
  local_only: flagField(true),
  /** Strings for the app. */
  extra_payload: z.record(z.string(), anyJson).default({}),
});

const PROSE = [...PUSH_PROSE, "subtext"];
const PLAIN = ["icon_small", "image_url", "action_url", "channel_sound", "group"];

type AndroidpushContent = z.output<typeof content>;

export default defineChannel({
  channel: "androidpush",
  sample: (text) => ({ header: SAMPLE_TITLE, body: text }),
  parseIdentity: (input, hints) => parsePushToken("androidpush", input, hints),
  content,
  findProblems,
  sources,
  render,
});

function findProblems(content: AndroidpushContent): Record<string, string[]> {
  const problems = collectProblems();
  checkPushText(problems, content);
  problems.limit("subtext", content.subtext, 50);
  checkButtons(problems, content.buttons, 3);
  problems.oneOf("channel_lock_screen_visibility", content.channel_lock_screen_visibility, [
    "PUBLIC",
    "PRIVATE",
    "SECRET",
  ]);
  problems.oneOf("channel_importance", content.channel_importance, ["HIGH", "LOW", "MAX", "MIN", "DEFAULT"]);
  problems.oneOf("priority", content.priority, ["HIGH", "DEFAULT"]);
  if (!Number.isSafeInteger(content.timeout_sec) || content.timeout_sec < 0) {
    problems.add("timeout_sec", "must be a whole number, 0 or greater");
  }
  for (const [key, value] of Object.entries(content.extra_payload)) {
    if (typeof value !== "string") problems.add(`extra_payload.${key}`, "must be of string type");
  }
  return problems.found;
}

function sources(content: AndroidpushContent): TemplateSource[] {
  return [
    ...fieldSources(content, [...PROSE, ...PLAIN, "icon_url", "color"]),
    ...content.buttons.flatMap((button, index) => fieldSources(button, ["text", "url"], `buttons.${index}.`)),
    ...memberSources(content.extra_payload, "extra_payload"),
  ];
}

function render(content: AndroidpushContent, text: RenderText): AndroidpushContent {
  return {
    ...renderFields(renderFields(content, PROSE, text), PLAIN, text, "none"),
    icon_url: renderDefaulted(content.icon_url, DEFAULT_ICON, text),
    color: renderDefaulted(content.color, DEFAULT_COLOR, text),
    buttons: content.buttons.map((button) =>
      renderFields(renderFields(button, ["text"], text), ["url"], text, "none"),
    ),
    extra_payload: renderMembers(content.extra_payload, text),
  };
}
