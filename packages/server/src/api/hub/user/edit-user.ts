import type { ParsedOperations } from "../../../core/profile-operations.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import { recipientKey } from "../../../recipients/recipients.ts";
import type { Services } from "../../../services.ts";
import type { Workspace } from "../../../workspaces/workspaces.ts";
import { presentUser, type UserView } from "./present-user.ts";

/**
 * A strict edit of one user, made when missing: the first thing that is wrong is the answer, and rolls the caller's
 * transaction back, the user's creation included.
 */
export async function editUser(
  tx: Queryable,
  { recipients }: Pick<Services, "recipients">,
  workspace: Workspace,
  distinct_id: string,
  { operations, errors }: ParsedOperations,
): Promise<UserView> {
  const [error] = errors;
  if (error !== undefined) throw new AppError("invalid_request_error", error);
  const key = { object_type: "", distinct_id };
  const { workspace_id } = workspace;
  const edit = { ...key, operations, mode: "strict", restore: true, create: true } as const;
  const [outcome] = await recipients.apply(tx, workspace_id, [edit]);
  if (outcome?.ok === false) throw new AppError("invalid_request_error", outcome.error);
  // Read again: the database has written the times.
  const user = (await recipients.load(tx, workspace_id, [key])).get(recipientKey(key));
  // Deleted by somebody else in between: this edit comes after that, and makes the user anew.
  if (user === undefined) return editUser(tx, { recipients }, workspace, distinct_id, { operations, errors });
  return presentUser(user, workspace);
}
