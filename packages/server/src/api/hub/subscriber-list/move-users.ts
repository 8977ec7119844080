import type { z } from "zod";
import type { RouteContext } from "../../../http/route.ts";
import { eventName } from "../../../lists/lists.ts";
import { findUsers } from "../user/find-users.ts";
import { type membersBody, type movedShape } from "./members-body.ts";
import { type listParams, refusalOf } from "./present-list.ts";

/**
 * Adds users to a list or removes them, and causes the events of those who really entered or left. In a transaction of its
 * own: the lane is asked for before, since the catalog may need a second connection.
 */
export async function moveUsers(
  op: "add" | "remove",
  {
    params,
    body,
    auth,
    services,
  }: RouteContext<z.output<typeof listParams>, unknown, z.output<typeof membersBody>>,
): Promise<z.input<typeof movedShape>> {
  const { workspace_id } = auth.workspace;
  const { lists, engine, catalog } = services;
  const lane = await catalog.laneOfEvent(
    workspace_id,
    eventName(params.list_id, op === "add" ? "entry" : "exit"),
  );
  return services.db.tx(
    async (db) => {
      const recipient_ids = await findUsers(db, workspace_id, body.distinct_ids);
      const change = { list_id: params.list_id, recipient_ids };
      const [outcome] =
        op === "add"
          ? await lists.add(db, workspace_id, [{ ...change, list_name: null, create_if_missing: false }])
          : await lists.remove(db, workspace_id, [change]);
      if (outcome === undefined) throw new Error("the change was lost");
      if (!outcome.ok) throw refusalOf(outcome.error, params);
      const { event, members } = outcome;
      if (event !== null && members.length > 0) {
        const distinct_ids = members.map(({ distinct_id }) => distinct_id);
        await engine.causeListEvents(db, workspace_id, { lane, event, distinct_ids });
      }
      return { success: true, affected_count: members.length };
    },
    { again: true },
  );
}
