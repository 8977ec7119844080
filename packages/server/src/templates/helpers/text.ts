import type { DescribedHelpers, Helper } from "../helper.ts";
import { plainValue } from "../print.ts";

/** Changes of case. A value that is not text becomes an empty one. */
export const textHelpers = {
  lowercase: {
    usage: "lowercase text",
    summary: "The text in lower case. What is no text gives an empty one.",
    examples: [
      ["{{lowercase name}}", "mike"],
      ["{{lowercase likes}}", ""],
    ],
    run: changeText((text) => text.toLowerCase()),
  },
  uppercase: {
    usage: "uppercase text",
    summary: "The text in upper case. What is no text gives an empty one.",
    examples: [["{{uppercase name}}", "MIKE"]],
    run: changeText((text) => text.toUpperCase()),
  },
  capitalize: {
    usage: "capitalize text",
    summary:
      "The text with its first character in upper case; the rest stays as it is. What is no text gives an empty one.",
    examples: [['{{capitalize "mike waz"}}', "Mike waz"]],
    run: changeText((text) => {
      const first = String.fromCodePoint(text.codePointAt(0) ?? 0);
      return first.toUpperCase() + text.slice(first.length);
    }),
  },
} satisfies DescribedHelpers;

function changeText(change: (text: string) => string): Helper {
  return ([value]) => {
    const text = plainValue(value);
    return typeof text === "string" && text !== "" ? change(text) : "";
  };
}
