import type { Tx } from "../../db/db.ts";
import type { RequestRow } from "./intent.ts";

/**
 * Holds off who would cancel these requests while they become runs: whoever does so afterwards sees the runs. Requests
 * that were cancelled since they were read must become none: then the chunk is read again, without them. In the order
 * of the key, as a cancel locks. For 100 rows it is well under a millisecond, and no row is written anew.
 */
export async function holdRequests(tx: Tx, requests: RequestRow[]): Promise<void> {
  if (requests.length === 0) return;
  const held = await tx.query(
    `select from unnest($1::int[], $2::uuid[]) as k(workspace_id, id)
       join request r on r.workspace_id = k.workspace_id and r.id = k.id
      where r.status = 'accepted' order by r.workspace_id, r.id for share of r`,
    [requests.map(({ workspace_id }) => workspace_id), requests.map(({ id }) => id)],
    "expand_hold",
  );
  if (held.length < requests.length) throw new CancelledMeanwhileError();
}

/** Has the code of a serialization failure, for it is one: the same work succeeds when tried again. */
class CancelledMeanwhileError extends Error {
  override name = "CancelledMeanwhileError";
  code = "40001";

  constructor() {
    super("a request of the chunk was cancelled while it was read");
  }
}
