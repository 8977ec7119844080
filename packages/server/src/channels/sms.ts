import { z } from "zod";
import { defineChannel } from "./channel.ts";
import {
  collectProblems,
  contentHead,
  contentObject,
  fieldSources,
  renderFields,
  textField,
} from "./content.ts";
import { parsePhoneIdentity } from "./shared/phone.ts";
import { hasMoreThanVariables, renderPlaces } from "./shared/placeholders.ts";

/** The kinds of traffic in India's DLT registry. */
const DLT_CATEGORIES = ["transactional", "promotional", "service_implicit", "service_explicit"];

/** The registry's limit for a category and for a sender's header, in characters. */
const MAX_DLT_LENGTH = 16;

const TEMPLATES = ["header", "body"];

const content = contentObject({
  ...contentHead("sms"),
  /** `dlt`: the body is a text registered with an Indian operator, sent under a registered header. */
  type: z.string().default("basic"),
  category: textField,
  header: textField,
  body: textField,
});

export default defineChannel({
  channel: "sms",
  sample: (text) => ({ body: text }),
  parseIdentity: (input) => parsePhoneIdentity("sms", input),
  content,

  findProblems: (content) => {
    const problems = collectProblems();
    problems.oneOf("type", content.type, ["basic", "dlt"]);
    problems.require("body", content.body);
    if (content.type === "dlt") {
      problems.require("category", content.category);
      if (content.category !== "") problems.oneOf("category", content.category, DLT_CATEGORIES);
      problems.require("header", content.header);
      problems.limit("header", content.header, MAX_DLT_LENGTH);
      if (hasMoreThanVariables(content.body))
        problems.add("body", "only variables are allowed in a DLT template");
      if (/ {2}/.test(content.body)) problems.add("body", "double spaces are not allowed in a DLT template");
    }
    return problems.found;
  },

  sources: (content) => fieldSources(content, TEMPLATES),

  /** A DLT message has its `parameters` too: the values of the body's variables in order, of which vendors send one or the other. */
  render(content, text) {
    const rendered = renderFields(content, TEMPLATES, text);
    if (content.type !== "dlt") return rendered;
    return { ...rendered, parameters: renderPlaces("body", content.body, text, MAX_DLT_VALUE) };
  },
});

/** The registry's limit for the value of a variable, in characters. */
const MAX_DLT_VALUE = 30;
