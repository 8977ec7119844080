import { z } from "zod";
import { choosePeople, report } from "./shared/membership.ts";
import { defineNode, giveUp, next, type NodeOutcome, requestEffect } from "../engine/node.ts";
import { expression, readMap } from "./shared/settings.ts";

const config = z.object({
  user_selection: z
    .enum(["recipient", "actor"], "must be recipient or actor")
    .describe("Whose profile is written."),
  properties: expression.describe("Jsonnet that gives a map; channels such as `$email` are added."),
});

const CODE = "user_update_failed";

/** Writes to the global profile like a user upsert: properties are set, channels are added. */
export default defineNode({
  type: "userupdate",
  short: "user_update",
  name: "Update User",
  config,
  expressions: ({ properties }) => [{ path: "properties", language: "jsonnet", source: properties }],
  run(ctx, { user_selection: who, properties: source }): NodeOutcome {
    if (choosePeople(ctx, [who], "users").length === 0) return next;
    const properties = readMap(ctx, "properties", source);
    if (!properties.ok) return giveUp(ctx, CODE, properties.reason);
    return requestEffect("edit_profile", { who, properties: properties.value }, (done) =>
      report(ctx, CODE, `updated the profile of the ${who}`, done),
    );
  },
});
