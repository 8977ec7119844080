import { z } from "zod";
import {
  checkObject,
  choosePeople,
  objectFields,
  objectTemplates,
  report,
  resolveObject,
  userSelection,
} from "./shared/membership.ts";
import { defineNode, giveUp, next, type NodeOutcome, requestEffect } from "../engine/node.ts";

const config = z
  .object({
    ...objectFields,
    user_selection: userSelection,
  })
  .superRefine(checkObject);

const CODE = "object_op_failed";

/** The object must exist; a missing subscription is not an error. */
export default defineNode({
  type: "objectoperation_removesubscription",
  short: "object_unsubscribe",
  name: "Remove Subscription",
  config,
  expressions: objectTemplates,
  run(ctx, settings): NodeOutcome {
    const object = resolveObject(ctx, settings);
    if (!object.ok) return giveUp(ctx, CODE, object.reason);
    const { type, id } = object.value;
    const who = choosePeople(ctx, settings.user_selection, "everybody");
    if (who.length === 0) return next;
    return requestEffect(
      "edit_subscription",
      {
        op: "remove",
        object_type: type,
        object_id: id,
        create_if_missing: false,
        who,
        properties: {},
      },
      (done) => report(ctx, CODE, `unsubscribed ${who.join(" and ")} from '${type}/${id}'`, done),
    );
  },
});
