import { ALL_USERS } from "../../../lists/lists.ts";
import type { Queryable } from "../../../db/db.ts";
import type { Finding, Question } from "./finding.ts";
import { MOST } from "./read-requests.ts";

interface BroadcastRow {
  id: string;
  request_id: string;
  list_id: string;
  status: "scheduled" | "in_progress" | "cancelled";
  starts_at: Date;
  created_at: Date;
  recipients: number | null;
  done: number;
}

/**
 * What broadcasts have to do with the question besides the runs that they have made: those that have not come to a
 * recipient who is in their list, and, for a key, the one that it names, unless it has come to its end. A broadcast that
 * failed as a whole has said so in its request.
 */
export async function readBroadcastFindings(db: Queryable, question: Question): Promise<Finding[]> {
  const { workspace_id, distinct_id, workflow, idempotency_key, since } = question;
  if (workflow !== null) return [];
  const rows = await db.query<BroadcastRow>(
    `select b.id, b.request_id, b.list_id, b.status, b.starts_at, b.created_at, b.recipients,
            b.triggered + b.skipped + b.failed as done
       from broadcast b
      where b.workspace_id = $1
        and (b.status in ('scheduled', 'in_progress')
          or b.status = 'cancelled' and b.begun_at is not null and b.created_at >= $4) and ($3::text is null or b.idempotency_key = $3)
        and ($2::text is null or exists (
              select from recipient p
               where p.workspace_id = b.workspace_id and p.object_type = '' and p.distinct_id = $2
                 and not exists (select from run r where r.workspace_id = b.workspace_id and r.request_id = b.request_id
                                    and r.distinct_id = $2)
                 and (b.list_id = '${ALL_USERS}' or exists (
                       select from list l join list_member m using (workspace_id, version_id)
                        where l.workspace_id = b.workspace_id and l.list_id = b.list_id and m.recipient_id = p.id))))
      order by b.id desc limit ${MOST}`,
    [workspace_id, distinct_id, idempotency_key, since],
  );
  return rows.map((row) => toFinding(row, distinct_id));
}

function toFinding(row: BroadcastRow, who: string | null): Finding {
  const { id, list_id, status, starts_at, created_at, request_id, recipients, done } = row;
  const name = `the broadcast ${id} to list '${list_id}'`;
  const said = {
    scheduled: `${name} begins at ${starts_at.toISOString()}`,
    in_progress: `${name} is under way, ${done} of ${recipients ?? "its"} recipients are done`,
    cancelled: `${name} was cancelled via API after ${done} of ${recipients ?? "its"} recipients`,
  }[status];
  const summary =
    who === null ? `${said}.` : `${who}: has got nothing of it yet, but is in its list: ${said}.`;
  return {
    verdict: status === "scheduled" ? "waiting" : status,
    summary,
    at: created_at,
    evidence: [{ what: said, when: created_at, request_id, execution_id: id }],
  };
}
