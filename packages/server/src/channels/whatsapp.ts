import { z } from "zod";
import { defineChannel, type RenderText, type TemplateSource } from "./channel.ts";
import {
  collectProblems,
  contentHead,
  contentObject,
  countCharacters,
  fieldSources,
  isBlank,
  isTemplated,
  renderFields,
  textField,
  type Problems,
} from "./content.ts";
import { parsePhoneIdentity } from "./shared/phone.ts";
import { hasMoreThanVariables, placesOf, renderPlaces } from "./shared/placeholders.ts";

/*
 * Template messages of the WhatsApp Business Platform. The stored text is the one that Meta approves; the message is
 * sent as the name of the approved template with the values of its variables in order.
 */

const button = contentObject({
  /** `URL`, `PHONE_NUMBER` or `QUICK_REPLY`; the other fields depend on it. */
  type: textField,
  text: textField,
});

const content = contentObject({
  ...contentHead("whatsapp_basic_interactive"),
  category: z.string().default("UTILITY"),
  subcategory: z.string().default("basic_interactive"),
  /** `{ format: "TEXT", text }`, or `IMAGE`, `VIDEO`, `DOCUMENT` with `media_url` and, for a document, `filename`. */
  header: contentObject({
    format: z.string().default("TEXT"),
    text: textField,
    media_url: textField,
    filename: textField,
  })
    .nullable()
    .default(null),
  body: contentObject({ text: textField }).prefault({}),
  footer: contentObject({ text: textField }).nullable().default(null),
  button_type: z.string().default("NONE"),
  buttons: z.array(button).default([]),
});

const HEADER_TEMPLATES = ["text", "media_url", "filename"];
const BUTTON_TEMPLATES = ["text", "phone_number", "url_static_part", "url_dynamic_part"];

type WhatsappContent = z.output<typeof content>;

export default defineChannel({
  channel: "whatsapp",
  sample: (text) => ({ body: { text } }),
  parseIdentity: (input) => parsePhoneIdentity("whatsapp", input),
  content,
  findProblems,
  sources,
  render,
});

/** Meta's rules, so that a template is not refused there days later. */
function findProblems(content: WhatsappContent): Record<string, string[]> {
  const problems = collectProblems();
  problems.oneOf("category", content.category, ["UTILITY", "MARKETING"]);
  problems.oneOf("subcategory", content.subcategory, ["basic_interactive"]);
  checkHeader(problems, content);
  problems.require("body.text", content.body.text);
  limit(problems, "body.text", content.body.text, 1024);
  onlyVariables(problems, "body.text", content.body.text);
  if (content.footer !== null) {
    problems.require("footer.text", content.footer.text);
    limit(problems, "footer.text", content.footer.text, 60);
    noVariables(problems, "footer.text", content.footer.text);
    noEmoji(problems, "footer.text", content.footer.text);
  }
  checkButtons(problems, content);
  return problems.found;
}

function checkHeader(problems: Problems, { header }: WhatsappContent): void {
  if (header === null) return;
  problems.oneOf("header.format", header.format, ["TEXT", "IMAGE", "VIDEO", "DOCUMENT"]);
  if (header.format === "TEXT") {
    problems.require("header.text", header.text);
    limit(problems, "header.text", header.text, 60);
    noEmoji(problems, "header.text", header.text);
    onlyVariables(problems, "header.text", header.text);
    if (variables(header.text) > 1) problems.add("header.text", "must contain at maximum 1 variable");
  } else {
    problems.require("header.media_url", header.media_url);
    if (!isBlank(header.media_url) && countCharacters(header.media_url) < 5) {
      problems.add("header.media_url", "must contain at least 5 characters");
    }
  }
}

function checkButtons(problems: Problems, { button_type, buttons }: WhatsappContent): void {
  problems.oneOf("button_type", button_type, ["NONE", "CALL_TO_ACTION", "QUICK_REPLY"]);
  if (button_type === "NONE") return;
  if (buttons.length === 0) problems.add("buttons", "must contain at least 1 item");
  const allowed = button_type === "QUICK_REPLY" ? ["QUICK_REPLY"] : ["URL", "PHONE_NUMBER"];
  const most = { QUICK_REPLY: 3, URL: 2, PHONE_NUMBER: 1 };
  for (const [type, max] of Object.entries(most)) {
    const count = buttons.filter((button) => button.type === type).length;
    if (count > max) problems.add("buttons", `must contain at maximum ${max} items of type '${type}'`);
  }
  buttons.forEach((button, index) => {
    const path = `buttons.${index}`;
    problems.oneOf(`${path}.type`, button.type, allowed);
    problems.require(`${path}.text`, button.text);
    noVariables(problems, `${path}.text`, button.text);
    noEmoji(problems, `${path}.text`, button.text);
    if (button.type === "PHONE_NUMBER" && countCharacters(stringOf(button["phone_number"])) < 8) {
      problems.add(`${path}.phone_number`, "must contain at least 8 characters");
    }
    if (button.type === "URL") {
      problems.require(`${path}.url_static_part`, stringOf(button["url_static_part"]));
      if (button["url_type"] === "dynamic") {
        const dynamic = stringOf(button["url_dynamic_part"]);
        problems.require(`${path}.url_dynamic_part`, dynamic);
        if (variables(dynamic) > 1) {
          problems.add(`${path}.url_dynamic_part`, "must contain at maximum 1 variable");
        } else if (variables(dynamic) === 1 && !dynamic.trimEnd().endsWith("}}")) {
          problems.add(`${path}.url_dynamic_part`, "must end in its variable");
        }
        onlyVariables(problems, `${path}.url_dynamic_part`, dynamic);
      }
    }
  });
}

function variables(source: string): number {
  return placesOf(source).length;
}

/** Meta counts a variable as one character. */
function limit(problems: Problems, path: string, source: string, max: number): void {
  const counted = placesOf(source).reduce((text, tag) => text.replace(tag, "x"), source);
  problems.limit(path, counted, max);
}

function onlyVariables(problems: Problems, path: string, source: string): void {
  if (hasMoreThanVariables(source)) problems.add(path, "only variables are allowed in a WhatsApp template");
}

function noVariables(problems: Problems, path: string, source: string): void {
  if (isTemplated(source)) problems.add(path, "variables are not allowed here");
}

function noEmoji(problems: Problems, path: string, source: string): void {
  if (/\p{Emoji_Presentation}|\p{Emoji}\uFE0F/u.test(source))
    problems.add(path, "emoji are not allowed here");
}

function sources(content: WhatsappContent): TemplateSource[] {
  return [
    ...fieldSources(content.header, HEADER_TEMPLATES, "header."),
    ...fieldSources(content.body, ["text"], "body."),
    ...fieldSources(content.footer, ["text"], "footer."),
    ...content.buttons.flatMap((button, index) =>
      fieldSources(button, BUTTON_TEMPLATES, `buttons.${index}.`),
    ),
  ];
}

/** What a vendor sends of an approved template besides its name. */
export type RenderedWhatsapp = WhatsappContent & {
  /** The values of the variables, in order: of a text header, of the body, and of the dynamic links by their button. */
  parameters: { header: string[]; body: string[]; buttons: { index: number; text: string }[] };
};

/** What varies are the values of an approved template, which are sent beside it: nothing in them is escaped. */
function render(content: WhatsappContent, text: RenderText): RenderedWhatsapp {
  const { header, body, footer, buttons } = content;
  return {
    ...content,
    header: header && renderFields(header, HEADER_TEMPLATES, text, "none"),
    body: renderFields(body, ["text"], text, "none"),
    footer: footer && renderFields(footer, ["text"], text, "none"),
    buttons: buttons.map((button) => renderFields(button, BUTTON_TEMPLATES, text, "none")),
    parameters: {
      header: header?.format === "TEXT" ? renderPlaces("header.text", header.text, text) : [],
      body: renderPlaces("body.text", body.text, text),
      buttons: buttons.flatMap((button, index) => {
        const source = stringOf(button["url_dynamic_part"]);
        if (button.type !== "URL" || button["url_type"] !== "dynamic" || source === "") return [];
        const path = `buttons.${index}.url_dynamic_part`;
        // A link without a variable varies as a whole.
        const [value = text(source, "none")] = renderPlaces(path, source, text);
        return [{ index, text: value }];
      }),
    },
  };
}

function stringOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
