import { z } from "zod";
import {
  checkList,
  choosePeople,
  listFields,
  listTemplates,
  report,
  resolveList,
  template,
  userSelection,
} from "./shared/membership.ts";
import { defineNode, giveUp, next, type NodeOutcome, requestEffect } from "../engine/node.ts";
import { flag, optionalExpression, readTemplate } from "./shared/settings.ts";

const config = z
  .object({
    ...listFields,
    create_list_if_missing: flag.meta({ description: "Make a list that is not there.", default: false }),
    list_name: optionalExpression.describe("Handlebars; the name of a list that is made. Absent: its id."),
    user_selection: userSelection,
  })
  .superRefine(checkList);

const CODE = "list_op_failed";

/** A user who actually enters the list causes its entry event. `op` follows from the type, whatever is stored. */
export default defineNode({
  type: "subscriberlistoperation_adduser",
  short: "list_add",
  name: "Add to List",
  config,
  expressions: ({ list_name, ...list }) => [
    ...listTemplates(list),
    ...(list_name === null ? [] : [template("list_name", list_name)]),
  ],
  run(ctx, settings): NodeOutcome {
    const { create_list_if_missing, list_name, user_selection } = settings;
    const id = resolveList(ctx, settings);
    if (!id.ok) return giveUp(ctx, CODE, id.reason);
    const name = list_name === null ? null : readTemplate(ctx, "list_name", list_name);
    if (name?.ok === false) return giveUp(ctx, CODE, name.reason);
    const who = choosePeople(ctx, user_selection, "users");
    if (who.length === 0) return next;
    return requestEffect(
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
