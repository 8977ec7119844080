import { isJsonObject, type Json, type JsonObject } from "../json.ts";

/** A text of a file, where it stands. */
export interface TranslationText {
  /** Dotted path. */
  path: string;
  text: string;
}

/** The texts of a file's content; dotted path to reason for what is neither a text nor an object of texts. */
export function readTexts(content: JsonObject): {
  texts: TranslationText[];
  problems: Record<string, string[]>;
} {
  const texts: TranslationText[] = [];
  const problems: Record<string, string[]> = {};
  const read = (value: Json, path: string): void => {
    if (typeof value === "string") texts.push({ path, text: value });
    else if (isJsonObject(value)) {
      for (const [key, member] of Object.entries(value)) read(member, `${path}.${key}`);
    } else problems[path] = ["must be a text, or an object of texts"];
  };
  for (const [key, value] of Object.entries(content)) read(value, key);
  return { texts, problems };
}
