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
import { flag, optionalExpression, readMap } from "./shared/settings.ts";

const config = z
  .object({
    ...objectFields,
    create_object_if_missing: flag.meta({
      description: "Make an object that is not there.",
      default: false,
    }),
    user_selection: userSelection,
    subscription_properties: optionalExpression.describe(
      "Jsonnet that gives a map; written over the properties of a subscription that is there.",
    ),
  })
  .superRefine(checkObject);

const CODE = "object_op_failed";
const NONE = { ok: true as const, value: {} };

/** If already subscribed, the properties are merged over the existing ones. */
export default defineNode({
  type: "objectoperation_addsubscription",
  short: "object_subscribe",
  name: "Add Subscription",
  config,
  expressions: ({ subscription_properties, ...object }) => [
    ...objectTemplates(object),
    ...(subscription_properties === null
      ? []
      : [{ path: "subscription_properties", language: "jsonnet" as const, source: subscription_properties }]),
  ],
  run(ctx, settings): NodeOutcome {
    const { create_object_if_missing, user_selection } = settings;
    const object = resolveObject(ctx, settings);
    if (!object.ok) return giveUp(ctx, CODE, object.reason);
    const { type, id } = object.value;
    const { subscription_properties: source } = settings;
    const properties = source === null ? NONE : readMap(ctx, "subscription_properties", source);
    if (!properties.ok) return giveUp(ctx, CODE, properties.reason);
    const who = choosePeople(ctx, user_selection, "everybody");
    if (who.length === 0) return next;
    return requestEffect(
      "edit_subscription",
      {
        op: "add",
        object_type: type,
        object_id: id,
        create_if_missing: create_object_if_missing,
        who,
        properties: properties.value,
      },
      (done) => report(ctx, CODE, `subscribed ${who.join(" and ")} to '${type}/${id}'`, done),
    );
  },
});
