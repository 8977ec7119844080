import type { Queryable } from "../../../db/db.ts";
import type { Redriven, RedriveKind } from "../../../engine/engine.ts";

/**
 * Advice for something that cannot be redriven. The engine's reason names the alternative, an execution for a message
 * or the reverse; whether that one can be redriven must be looked up, since two refusals that point at each other help
 * nobody.
 */
type Refusals = Redriven["refused"];

export async function advise(
  db: Queryable,
  workspace_id: number,
  kind: RedriveKind,
  refusals: Refusals,
): Promise<Refusals> {
  const [code, look] = LOOKS[kind];
  const ids = refusals.filter((refusal) => refusal.code === code).map(({ id }) => id);
  if (ids.length === 0) return refusals;
  const reasons = await look(db, workspace_id, ids);
  return refusals.map((refusal) => {
    const reason = refusal.code === code ? reasons.get(refusal.id) : undefined;
    return reason === undefined ? refusal : { ...refusal, reason };
  });
}

type Look = (db: Queryable, workspace_id: number, ids: string[]) => Promise<Map<string, string>>;

/** For each kind, the refusal that points elsewhere. */
const LOOKS: Record<RedriveKind, [code: string, look: Look]> = {
  requests: ["", async () => new Map()],
  executions: ["not_stopped", lookAtMessages],
  messages: ["not_sent", lookAtExecutions],
};

async function lookAtMessages(
  db: Queryable,
  workspace_id: number,
  ids: string[],
): Promise<Map<string, string>> {
  const rows = await db.query<{ execution_id: string; ids: string[] }>(
    `select m.execution_id, array_agg(m.id order by m.id) as ids from message m
      where m.workspace_id = $1 and m.execution_id = any($2) and m.status in ('trigger_failed', 'failure_by_vendor')
        and m.channel <> 'webhook' and m.content is not null
        and exists (select from vendor_config c where c.workspace_id = m.workspace_id and c.id = m.vendor_config_id)
      group by m.execution_id`,
    [workspace_id, ids],
  );
  const messages = new Map(rows.map((row) => [row.execution_id, row.ids]));
  const because = "it went on to its end after what failed";
  return new Map(
    ids.map((id) => {
      const failed = messages.get(id) ?? [];
      return failed.length === 0
        ? [id, `${because}, and none of its messages can be put back: trigger it again`]
        : [id, `${because}: redrive its failed messages (${enumerate(failed)}), or trigger it again`];
    }),
  );
}

async function lookAtExecutions(
  db: Queryable,
  workspace_id: number,
  ids: string[],
): Promise<Map<string, string>> {
  const rows = await db.query<{ id: string; execution_id: string; is_stopped: boolean }>(
    `select m.id, m.execution_id, coalesce(r.status = 'failed' and r.state ->> 'failed_at' is not null, false) as is_stopped
       from message m left join run r on r.workspace_id = m.workspace_id and r.id = m.execution_id
      where m.workspace_id = $1 and m.id = any($2)`,
    [workspace_id, ids],
  );
  return new Map(
    rows.map(({ id, execution_id, is_stopped }) => {
      const advice = is_stopped
        ? `redrive its execution ${execution_id}`
        : "its execution went on after it, trigger it again";
      return [id, `a call is no message to a vendor: ${advice}`];
    }),
  );
}

const MOST_NAMED = 5;

function enumerate(ids: string[]): string {
  const named = ids.slice(0, MOST_NAMED).join(", ");
  return ids.length > MOST_NAMED ? `${named}, …` : named;
}
