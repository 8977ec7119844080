import { defineRoute } from "../../../../http/route.ts";
import { finishDraft } from "../../../../lists/drafts.ts";
import { eventName, type Way } from "../../../../lists/lists.ts";
import { findList } from "../../../../lists/stored-lists.ts";
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
        await engine.causeSwapEvents(db, workspace_id, outcome.value, lanes);
        const list = await findList(db, workspace_id, params.list_id);
        if (list === null) throw listNotFound(params.list_id);
        return presentList(list);
      },
      { again: true },
    );
  },
});
