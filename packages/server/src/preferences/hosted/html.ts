import { escapeUTF8 } from "entities";

/** HTML in which everything that was put in is escaped, unless it is such HTML itself. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | null | false | readonly Part[];

/** Null and false print nothing. Attributes are quoted by double quotes, always. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.map((text, index) => (index === 0 ? "" : print(parts[index - 1])) + text).join(""));
}

function print(part: Part | undefined): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  return typeof part === "object" ? part.map(print).join("") : escapeUTF8(String(part));
}
