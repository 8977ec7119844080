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
import { flag, optionalExpression, readTemplate } from "../engine/node-settings.ts";

const config = z
  .object({
    list_id: idText.describe("Id of the list, or Handlebars that gives it."),
    is_list_id_dynamic: flag.meta({ description: "`list_id` is Handlebars.", default: false }),
    create_list_if_missing: flag.meta({ description: "Make a list that is not there.", default: false }),
    list_name: optionalExpression.describe("Handlebars; the name of a list that is made. Absent: its id."),
    user_selection: userSelection,
  })
  .superRefine(({ list_id, is_list_id_dynamic }, issues) => {
    if (!is_list_id_dynamic) checkPlainId(list_id, "list_id", issues);
  });

const CODE = "list_op_failed";

/** Whoever really enters the list causes its entry event. `op` is what the type says, whatever is written there. */
export default defineNode({
  type: "subscriberlistoperation_adduser",
  short: "list_add",
  name: "Add to List",
  config,
  expressions: ({ list_id, is_list_id_dynamic, list_name }) => [
    ...(is_list_id_dynamic ? [template("list_id", list_id)] : []),
    ...(list_name === null ? [] : [template("list_name", list_name)]),
  ],
  run(ctx, { list_id, is_list_id_dynamic, create_list_if_missing, list_name, user_selection }): NodeOutcome {
    const id = resolveId(ctx, "list_id", list_id, is_list_id_dynamic);
    if (!id.ok) return giveUp(ctx, CODE, id.reason);
    const name = list_name === null ? null : readTemplate(ctx, "list_name", list_name);
    if (name?.ok === false) return giveUp(ctx, CODE, name.reason);
    const who = choosePeople(ctx, user_selection, "users");
    if (who.length === 0) return next;
    return perform(
      "edit_list",
      {
        op: "add",
        list_id: id.value,
        list_name: name?.value ?? null,
        create_if_missing: create_list_if_missing,
        who,
      },
      (done) => report(ctx, CODE, `added ${who.join(" and ")} to list '${id.value}'`, done),
    );
  },
});
