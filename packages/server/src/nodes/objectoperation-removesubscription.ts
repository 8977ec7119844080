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
    object_type: idText.describe("Type of the object, or Handlebars that gives it."),
    object_id: idText.describe("Id of the object, or Handlebars that gives it."),
    is_object_id_dynamic: flag.meta({
      description: "`object_type` and `object_id` are both Handlebars.",
      default: false,
    }),
    user_selection: userSelection,
  })
  .superRefine(({ object_type, object_id, is_object_id_dynamic }, issues) => {
    if (is_object_id_dynamic) return;
    checkPlainId(object_type, "object_type", issues);
    checkPlainId(object_id, "object_id", issues);
  });

const CODE = "object_op_failed";

/** The object must exist; who does not subscribe to it is no error. */
export default defineNode({
  type: "objectoperation_removesubscription",
  short: "object_unsubscribe",
  name: "Remove Subscription",
  config,
  expressions: ({ object_type, object_id, is_object_id_dynamic }) =>
    is_object_id_dynamic ? [template("object_type", object_type), template("object_id", object_id)] : [],
  run(ctx, { object_type, object_id, is_object_id_dynamic, user_selection }): NodeOutcome {
    const type = resolveId(ctx, "object_type", object_type, is_object_id_dynamic);
    if (!type.ok) return giveUp(ctx, CODE, type.reason);
    const id = resolveId(ctx, "object_id", object_id, is_object_id_dynamic);
    if (!id.ok) return giveUp(ctx, CODE, id.reason);
    const who = choosePeople(ctx, user_selection, "everybody");
    if (who.length === 0) return next;
    return perform(
      "edit_subscription",
      {
        op: "remove",
        object_type: type.value,
        object_id: id.value,
        create_if_missing: false,
        who,
        properties: {},
      },
      (done) => report(ctx, CODE, `unsubscribed ${who.join(" and ")} from '${type.value}/${id.value}'`, done),
    );
  },
});
