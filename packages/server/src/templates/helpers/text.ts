import type { Helper } from "../helper.ts";
import { plainValue } from "../print.ts";

/** Changes of case. A value that is not text becomes an empty one. */
export const textHelpers = {
  lowercase: changeText((text) => text.toLowerCase()),
  uppercase: changeText((text) => text.toUpperCase()),
  /** The first character only; the rest stays as it is. */
  capitalize: changeText((text) => {
    const first = String.fromCodePoint(text.codePointAt(0) ?? 0);
    return first.toUpperCase() + text.slice(first.length);
  }),
} satisfies Record<string, Helper>;

function changeText(change: (text: string) => string): Helper {
  return ([value]) => {
    const text = plainValue(value);
    return typeof text === "string" && text !== "" ? change(text) : "";
  };
}
