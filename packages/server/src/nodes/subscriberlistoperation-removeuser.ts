import { z } from "zod";
import {
  checkList,
  choosePeople,
  listFields,
  listTemplates,
  report,
  resolveList,
  userSelection,
} from "./shared/membership.ts";
import { defineNode, giveUp, next, type NodeOutcome, requestEffect } from "../engine/node.ts";

const config = z
  .object({
    ...listFields,
    user_selection: userSelection,
  })
  .superRefine(checkList);

const CODE = "list_op_failed";

/** A user who actually leaves the list causes its exit event; the list must exist. */
export default defineNode({
  type: "subscriberlistoperation_removeuser",
  short: "list_remove",
  name: "Remove from List",
  config,
  expressions: listTemplates,
  run(ctx, settings): NodeOutcome {
    const id = resolveList(ctx, settings);
    if (!id.ok) return giveUp(ctx, CODE, id.reason);
    const who = choosePeople(ctx, settings.user_selection, "users");
    if (who.length === 0) return next;
    return requestEffect(
      "edit_list",
      { op: "remove", list_id: id.value, list_name: null, create_if_missing: false, who },
      (done) => report(ctx, CODE, `removed ${who.join(" and ")} from list '${id.value}'`, done),
    );
  },
});
