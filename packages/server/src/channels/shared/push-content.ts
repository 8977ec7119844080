import type { z } from "zod";
import { contentObject, textField, type Problems } from "../content.ts";

/* What the content of the three push channels shares. */

/** The templates that people read; all others are addresses and names for programs, in which nothing is escaped. */
export const PUSH_PROSE = ["header", "body"];

/** A button below a notification. `id` identifies it in the app and in the tracking events. */
export const pushButton = contentObject({ id: textField, text: textField, url: textField });

export function checkPushText(problems: Problems, content: { header: string; body: string }): void {
  problems.require("header", content.header);
  problems.limit("header", content.header, 500);
  problems.require("body", content.body);
  problems.limit("body", content.body, 4000);
}

export function checkButtons(
  problems: Problems,
  buttons: readonly z.output<typeof pushButton>[],
  most: number,
): void {
  problems.atMost("buttons", buttons, most);
  buttons.forEach((button, index) => {
    problems.require(`buttons.${index}.text`, button.text);
    problems.require(`buttons.${index}.url`, button.url);
  });
}
