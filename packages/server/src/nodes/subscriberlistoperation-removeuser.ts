import { z } from "zod";
import {
  checkPlainId,
  choosePeople,
  giveUp,
  idText,
  report,
  resolveId,
  template,
  userSelection,
} from "../engine/membership-node.ts";
import { defineNode, next, type NodeOutcome, perform } from "../engine/node.ts";
import { flag } from "../engine/node-settings.ts";

const config = z
  .object({
    list_id: idText.describe("Id of the list, or Handlebars that gives it."),
    is_list_id_dynamic: flag.meta({ description: "`list_id` is Handlebars.", default: false }),
    user_selection: userSelection,
  })
  .superRefine(({ list_id, is_list_id_dynamic }, issues) => {
    if (!is_list_id_dynamic) checkPlainId(list_id, "list_id", issues);
  });

const CODE = "list_op_failed";

/** Whoever really leaves the list causes its exit event; the list must exist. */
export default defineNode({
  type: "subscriberlistoperation_removeuser",
  short: "list_remove",
  name: "Remove from List",
  config,
  expressions: ({ list_id, is_list_id_dynamic }) =>
    is_list_id_dynamic ? [template("list_id", list_id)] : [],
  run(ctx, { list_id, is_list_id_dynamic, user_selection }): NodeOutcome {
    const id = resolveId(ctx, "list_id", list_id, is_list_id_dynamic);
    if (!id.ok) return giveUp(ctx, CODE, id.reason);
    const who = choosePeople(ctx, user_selection, "users");
    if (who.length === 0) return next;
    return perform(
      "edit_list",
      { op: "remove", list_id: id.value, list_name: null, create_if_missing: false, who },
      (done) => report(ctx, CODE, `removed ${who.join(" and ")} from list '${id.value}'`, done),
    );
  },
});
