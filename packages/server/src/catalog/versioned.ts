import { z } from "zod";
import { AppError } from "../errors.ts";

/** What workflows and templates share: a draft that is edited, versions that are committed, an editor. */

/** Which of the two a read shows: the draft or the live version. */
export type Mode = "draft" | "live";

/** Shown as the last editor of anything that a service token wrote. */
export const API_SERVICE: Editor = { name: "API Service", email: "" };

export const editorReply = z.object({ name: z.string(), email: z.string() });

export type Editor = z.infer<typeof editorReply>;

/** For reads of the live version when there is only a draft. */
export function notCommitted(kind: "workflow" | "template" | "schema", slug: string): AppError {
  return new AppError("not_found", `${kind} (slug: '${slug}') has no committed version: commit it first`);
}

export const timestampReply = z.iso.datetime();
