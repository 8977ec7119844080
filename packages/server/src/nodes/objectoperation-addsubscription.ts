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
import { flag, optionalExpression, readMap } from "../engine/node-settings.ts";

const config = z
  .object({
    object_type: idText.describe("Type of the object, or Handlebars that gives it."),
    object_id: idText.describe("Id of the object, or Handlebars that gives it."),
    is_object_id_dynamic: flag.meta({
      description: "`object_type` and `object_id` are both Handlebars.",
      default: false,
    }),
    create_object_if_missing: flag.meta({
      description: "Make an object that is not there.",
      default: false,
    }),
    user_selection: userSelection,
    subscription_properties: optionalExpression.describe(
      "Jsonnet that gives a map; written over the properties of a subscription that is there.",
    ),
  })
  .superRefine(({ object_type, object_id, is_object_id_dynamic }, issues) => {
    if (is_object_id_dynamic) return;
    checkPlainId(object_type, "object_type", issues);
    checkPlainId(object_id, "object_id", issues);
  });

const CODE = "object_op_failed";
const NONE = { ok: true as const, value: {} };

/** Who subscribes already gets the properties written over those that are there. */
export default defineNode({
  type: "objectoperation_addsubscription",
  short: "object_subscribe",
  name: "Add Subscription",
  config,
  expressions: ({ object_type, object_id, is_object_id_dynamic, subscription_properties }) => [
    ...(is_object_id_dynamic ? [template("object_type", object_type), template("object_id", object_id)] : []),
    ...(subscription_properties === null
      ? []
      : [{ path: "subscription_properties", language: "jsonnet" as const, source: subscription_properties }]),
  ],
  run(ctx, settings): NodeOutcome {
    const { is_object_id_dynamic, create_object_if_missing, user_selection } = settings;
    const type = resolveId(ctx, "object_type", settings.object_type, is_object_id_dynamic);
    if (!type.ok) return giveUp(ctx, CODE, type.reason);
    const id = resolveId(ctx, "object_id", settings.object_id, is_object_id_dynamic);
    if (!id.ok) return giveUp(ctx, CODE, id.reason);
    const { subscription_properties: source } = settings;
    const properties = source === null ? NONE : readMap(ctx, "subscription_properties", source);
    if (!properties.ok) return giveUp(ctx, CODE, properties.reason);
    const who = choosePeople(ctx, user_selection, "everybody");
    if (who.length === 0) return next;
    return perform(
      "edit_subscription",
      {
        op: "add",
        object_type: type.value,
        object_id: id.value,
        create_if_missing: create_object_if_missing,
        who,
        properties: properties.value,
      },
      (done) => report(ctx, CODE, `subscribed ${who.join(" and ")} to '${type.value}/${id.value}'`, done),
    );
  },
});
