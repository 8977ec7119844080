import { z } from "zod";
import { defineChannel, SAMPLE_TITLE } from "./channel.ts";
import {
  collectProblems,
  contentHead,
  contentObject,
  fieldSources,
  flagField,
  renderDefaulted,
  renderFields,
  textField,
} from "./content.ts";
import { checkPushText, PUSH_PROSE } from "./shared/push-content.ts";
import { parsePushToken } from "./shared/push-token.ts";

const DEFAULT_THREAD = "{{$workflow.$category.slug}}";

const PLAIN = ["image_url", "action_url", "sound"];

const content = contentObject({
  ...contentHead("iospush"),
  header: textField,
  body: textField,
  image_url: textField,
  action_url: textField,
  badge: z.number().default(0),
  sound: z.string().default("default"),
  content_available: z.number().default(1),
  mutable_content: z.number().default(1),
  thread_identifier: z.string().default(DEFAULT_THREAD),
  notification_type: z.string().default("basic"),
  via_suprsend: flagField(true),
});

export default defineChannel({
  channel: "iospush",
  sample: (text) => ({ header: SAMPLE_TITLE, body: text }),
  parseIdentity: (input, hints) => parsePushToken("iospush", input, hints),
  content,

  findProblems: (content) => {
    const problems = collectProblems();
    checkPushText(problems, content);
    for (const field of ["badge", "content_available", "mutable_content"] as const) {
      if (!Number.isSafeInteger(content[field])) problems.add(field, "must be a whole number");
    }
    return problems.found;
  },

  sources: (content) => fieldSources(content, [...PUSH_PROSE, ...PLAIN, "thread_identifier"]),
  render: (content, text) => ({
    ...renderFields(renderFields(content, PUSH_PROSE, text), PLAIN, text, "none"),
    thread_identifier: renderDefaulted(content.thread_identifier, DEFAULT_THREAD, text),
  }),
});
