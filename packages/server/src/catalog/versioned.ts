import { z } from "zod";
import { AppError } from "../errors.ts";

/** What workflows and templates have in common: a draft that is edited, versions that are committed, an editor. */

/** Which of the two a read shows: what is being edited, or what is in effect. */
export type Mode = "draft" | "live";

/** Who is shown as the last editor of what a service token wrote. */
export const API_SERVICE: Editor = { name: "API Service", email: "" };

export const editorReply = z.object({ name: z.string(), email: z.string() });

export type Editor = z.infer<typeof editorReply>;

/** For reads of what is live where only a draft is. */
export function notCommitted(kind: "workflow" | "template" | "schema", slug: string): AppError {
  return new AppError("not_found", `${kind} (slug: '${slug}') has no committed version: commit it first`);
}

export const timestampReply = z.iso.datetime();
