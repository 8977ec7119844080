import { storableJson } from "../core/text/text.ts";
import type { Db, Tx } from "../db/db.ts";
import type { Engine } from "../engine/engine.ts";
import type { IdSource } from "../ids.ts";
import { type Erasure, STAGES } from "./erase-logs.ts";

/**
 * Erases users from the logs. A DELETE removes their rows at once and records an erasure in the same transaction; the
 * logs follow page by page, each page a short transaction that also notes how far it came, so a worker that dies loses
 * nothing and another one goes on. What counts stays: ids, statuses, times, codes. Runs in progress are ended first: a
 * run that goes on would write again what was erased.
 *
 *   DELETE ─▶ ending ─▶ messages ─▶ executions ─▶ actors ─▶ events ─▶ problems ─▶ inbox ─▶ finished
 */
export interface Erasures {
  /**
   * Call it before the rows are deleted, in the same transaction: it locks them in key order and counts what goes with
   * them. Returns the ids of the receipts in the order of their users' ids; ids without a user have none.
   */
  record: (tx: Tx, workspace_id: number, distinct_ids: readonly string[]) => Promise<string[]>;
  /**
   * Erases the users who wait for it, page by page; returns how many are done. Any number of workers may call it. One who
   * cannot be erased now is reported, and waits for the next call.
   */
  eraseWaiting: (onFailure: (error: unknown, id: string) => void) => Promise<number>;
  /** Ends after the page that is being erased; the rest waits for another worker, or the next start. */
  stop: () => void;
}

const ENDING = "ending";
const AT_ONCE = 1000;
const READ = "select workspace_id, id, names, recipient_ids, created_at, stage, after_id from user_erasure";

export interface ErasuresDeps {
  db: Db;
  ids: IdSource;
  engine: Pick<Engine, "endRunsOf" | "holdBackErased">;
}

export function createErasures({ db, ids, engine }: ErasuresDeps): Erasures {
  let isStopped = false;

  /** False once nothing is left to do for this user, or another worker is at it. */
  async function step({ workspace_id, id }: Pick<Erasure, "workspace_id" | "id">): Promise<boolean> {
    const [erasure] = await db.query<Erasure>(`${READ} where workspace_id = $1 and id = $2`, [
      workspace_id,
      id,
    ]);
    if (erasure?.stage !== ENDING) return db.tx((tx) => erasePage(tx, workspace_id, id), { again: true });
    await engine.endRunsOf(workspace_id, erasure);
    await db.query("update user_erasure set stage = $3 where workspace_id = $1 and id = $2 and stage = $4", [
      workspace_id,
      id,
      STAGES[0]?.name,
      ENDING,
    ]);
    return true;
  }

  async function eraseWaiting(onFailure: (error: unknown, id: string) => void): Promise<number> {
    const waiting = await db.query<Erasure>(
      `${READ} where finished_at is null order by created_at, id limit ${AT_ONCE}`,
    );
    let done = 0;
    for (const erasure of waiting) {
      try {
        while (!isStopped && (await step(erasure)));
        if (isStopped) return done;
        done++;
      } catch (error) {
        onFailure(error, erasure.id);
      }
    }
    return done;
  }

  return {
    async record(tx, workspace_id, distinct_ids) {
      const named = [...new Set(distinct_ids)];
      const rows = await tx.query<{ id: string; distinct_id: string }>(RECORD, [
        workspace_id,
        named,
        named.map(() => ids.ulid()),
        ENDING,
      ]);
      const gone = rows.map(({ distinct_id }) => distinct_id);
      if (gone.length > 0) await engine.holdBackErased(tx, workspace_id, gone);
      return rows
        .toSorted((a, b) => named.indexOf(a.distinct_id) - named.indexOf(b.distinct_id))
        .map(({ id }) => id);
    },
    eraseWaiting,
    stop: () => {
      isStopped = true;
    },
  };
}

/** False where the row is done, or locked by another worker. */
async function erasePage(tx: Tx, workspace_id: number, id: string): Promise<boolean> {
  const [erasure] = await tx.query<Erasure>(
    `${READ} where workspace_id = $1 and id = $2 and finished_at is null for update skip locked`,
    [workspace_id, id],
  );
  if (erasure === undefined) return false;
  const nth = STAGES.findIndex(({ name }) => name === erasure.stage);
  const stage = STAGES[nth];
  if (stage === undefined) throw new Error(`erasure ${id} has the unknown stage ${erasure.stage}`);
  const { erased, after_id } = await stage.erase(tx, erasure);
  const next = after_id === null ? STAGES[nth + 1]?.name : stage.name;
  await tx.query(
    `update user_erasure
        set stage = coalesce($3, stage), after_id = $4, finished_at = case when $3::text is null then now() end,
            erased = erased || (select coalesce(jsonb_object_agg(key, value::bigint + coalesce((erased ->> key)::bigint, 0)), '{}')
                                  from jsonb_each_text($5::jsonb))
      where workspace_id = $1 and id = $2`,
    [workspace_id, id, next ?? null, after_id ?? "", storableJson(erased)],
  );
  return true;
}

/** What goes with the rows of users is counted while it is there. */
const count = (table: string, column: string) =>
  `(select count(*) from ${table} t where t.workspace_id = $1 and t.${column} = l.id)`;

const RECORD = `
  with locked as materialized (
    select id, distinct_id from recipient
     where workspace_id = $1 and object_type = '' and distinct_id = any($2) order by distinct_id for update)
  insert into user_erasure (workspace_id, id, distinct_id, names, recipient_ids, stage, erased)
  select $1, k.id, l.distinct_id,
         array(select l.distinct_id union select m.distinct_id from merged_user m
                where m.workspace_id = $1 and m.recipient_id = l.id),
         array(select l.id union select unnest(m.former_ids) from merged_user m
                where m.workspace_id = $1 and m.recipient_id = l.id),
         $4,
         jsonb_build_object(
           'identities', ${count("identity", "recipient_id")},
           'tenant_profiles', ${count("tenant_profile", "recipient_id")},
           'preferences', ${count("pref_category", "recipient_id")} + ${count("pref_channel", "recipient_id")},
           'lists', ${count("list_member", "recipient_id")},
           'subscriptions', ${count("subscription", "subscriber_id")},
           'inbox_items', ${count("inbox_item", "recipient_id")})
    from locked l join unnest($2::text[], $3::text[]) as k(distinct_id, id) on k.distinct_id = l.distinct_id
  returning id, distinct_id`;
