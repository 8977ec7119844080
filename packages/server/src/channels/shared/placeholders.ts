import { RenderError, type RenderText } from "../channel.ts";

/*
 * Templates that somebody else has approved (Meta for WhatsApp, an Indian operator for DLT) have numbered places. A
 * message is sent as the values for them, in the order in which the variables stand in the text; a variable that stands
 * there twice has two places.
 */

const TAG = /\{\{\{?[^{}]*\}?\}\}/g;

/** The tags of a source, each of them one place. */
export function placesOf(source: string): string[] {
  return Array.from(source.matchAll(TAG), ([tag]) => tag);
}

/** Whether a source has anything but variables: a place has a value, but no helper and no condition. */
export function hasMoreThanVariables(source: string): boolean {
  return placesOf(source).some((tag) => {
    const expression = tag
      .replaceAll(/[{}]/g, "")
      .replaceAll(/\[[^\]]*\]/g, "x")
      .trim();
    return /^[#/^>!&]|\s/.test(expression);
  });
}

/**
 * The values for the places of a source. Line breaks, tabs and long gaps, which Meta refuses, become spaces. With
 * `maxLength`, a longer value throws a `RenderError` that names `path`.
 */
export function renderPlaces(path: string, source: string, text: RenderText, maxLength = Infinity): string[] {
  return placesOf(source).map((tag) => {
    const value = text(tag, "none")
      .replaceAll(/\s*[\r\n\t]\s*/g, " ")
      .replaceAll(/ {5,}/g, "    ");
    if (value.length <= maxLength) return value;
    throw new RenderError(path, `the value of ${tag} has more than ${maxLength} characters`);
  });
}
