import type { Tx } from "../../../db/db.ts";
import { RouteReply } from "../../../http/route.ts";
import type { Services } from "../../../services.ts";
import { deleteRecipients } from "../delete-recipients.ts";

/** Where the receipts of a deletion are named. */
const ERASURE_HEADER = "x-carillon-erasure";

/** What the reference says of it. */
export const ERASURE_NOTE = `The header \`${ERASURE_HEADER}\` names the receipt of the erasure from the logs, which follows: \`GET /v1/user_erasure/{id}/\`.`;

/** Deletes users, and has them erased from the logs; returns the answer with the receipts, or null if there are none. */
export async function deleteUsers(
  tx: Tx,
  { erasures }: Pick<Services, "erasures">,
  workspace_id: number,
  distinct_ids: string[],
): Promise<RouteReply | null> {
  const receipts = await erasures.record(tx, workspace_id, distinct_ids);
  if (receipts.length === 0) return null;
  await deleteRecipients(tx, workspace_id, "", distinct_ids);
  return new RouteReply(204, undefined, undefined, { [ERASURE_HEADER]: receipts.join(", ") });
}
