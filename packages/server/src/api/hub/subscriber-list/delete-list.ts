import type { z } from "zod";
import type { ErrorCode } from "../../../errors.ts";
import type { RouteContext } from "../../../http/route.ts";
import { deleteList } from "../../../lists/stored-lists.ts";
import { listParams, refusalOf, SUCCESS } from "./present-list.ts";

/** The endpoint that deletes a list, but for the two names that SDKs call it by. */
export const listDeletion = {
  params: listParams,
  reply: { status: 200, body: SUCCESS, description: "Gone, with its drafts. Who was in it causes no event." },
  errors: ["validation_error", "not_found"] satisfies ErrorCode[],
  family: "management" as const,
  async handle({ params, auth, db }: RouteContext<z.output<typeof listParams>, unknown, unknown>) {
    const refusal = await deleteList(db, auth.workspace.workspace_id, params.list_id);
    if (refusal !== null) throw refusalOf(refusal, params);
    return { success: true };
  },
};
