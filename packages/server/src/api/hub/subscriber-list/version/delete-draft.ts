import type { z } from "zod";
import type { ErrorCode } from "../../../../errors.ts";
import type { RouteContext } from "../../../../http/route.ts";
import { discardDraft } from "../../../../lists/drafts.ts";
import { refusalOf, SUCCESS, versionParams } from "../present-list.ts";

/** The endpoint that deletes a draft of a list, but for the two names that SDKs call it by. */
export const draftDeletion = {
  params: versionParams,
  reply: { status: 200, body: SUCCESS, description: "Gone. The list is as it was." },
  errors: ["validation_error", "not_found"] satisfies ErrorCode[],
  family: "management" as const,
  async handle({ params, auth, db }: RouteContext<z.output<typeof versionParams>, unknown, unknown>) {
    const outcome = await discardDraft(db, auth.workspace.workspace_id, params);
    if (!outcome.ok) throw refusalOf(outcome.error, params);
    return { success: true };
  },
};
