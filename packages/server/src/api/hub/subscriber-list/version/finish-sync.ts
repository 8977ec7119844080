import type { Lane } from "../../../../core/lane.ts";
import type { Tx } from "../../../../db/db.ts";
import { defineRoute } from "../../../../http/route.ts";
import { finishDraft, readDifference, type Swap } from "../../../../lists/drafts.ts";
import { eventName, eventOf, type Way } from "../../../../lists/lists.ts";
import { findList } from "../../../../lists/stored-lists.ts";
import type { Services } from "../../../../services.ts";
import { listNotFound, listShape, presentList, refusalOf, versionParams } from "../present-list.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/subscriber_list/:list_id/version/:version_id/finish_sync/",
  summary: "Put a draft in the place of who is in its list",
  params: versionParams,
  reply: {
    status: 201,
    body: listShape,
    description: "The list. Who is new or no longer there has entered or left it.",
  },
  errors: ["validation_error", "not_found"],
  family: "management",
  transaction: false,
  async handle({ params, auth, services }) {
    const { workspace_id } = auth.workspace;
    const { catalog, engine } = services;
    // Before the transaction: the catalog may need a second connection.
    const laneOf = (way: Way) => catalog.laneOfEvent(workspace_id, eventName(params.list_id, way));
    const lanes = { entry: await laneOf("entry"), exit: await laneOf("exit") };
    return services.db.tx(
      async (db) => {
        const outcome = await finishDraft(db, workspace_id, params);
        if (!outcome.ok) throw refusalOf(outcome.error, params);
        await causeEvents(db, engine, workspace_id, outcome.value, "entry", lanes.entry);
        await causeEvents(db, engine, workspace_id, outcome.value, "exit", lanes.exit);
        const list = await findList(db, workspace_id, params.list_id);
        if (list === null) throw listNotFound(params.list_id);
        return presentList(list);
      },
      { again: true },
    );
  },
});

/** Users whose events are made by one statement. */
const AT_ONCE = 10_000;

async function causeEvents(
  tx: Tx,
  engine: Services["engine"],
  workspace_id: number,
  { list, before, after }: Swap,
  way: Way,
  lane: Lane,
): Promise<void> {
  const event = eventOf(list, way);
  if (event === null) return;
  const versions = way === "entry" ? { here: after, not_there: before } : { here: before, not_there: after };
  for (let last: string | undefined = ""; last !== undefined;) {
    const moved = await readDifference(tx, workspace_id, versions, last, AT_ONCE);
    const distinct_ids = moved.map(({ distinct_id }) => distinct_id);
    await engine.causeListEvents(tx, workspace_id, { lane, event, distinct_ids });
    last = moved.length < AT_ONCE ? undefined : moved.at(-1)?.recipient_id;
  }
}
