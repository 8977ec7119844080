import { z } from "zod";
import { type Condition, conditionsSchema, namespacesRead } from "../core/conditions/conditions.ts";
import { defineNode } from "../engine/node.ts";

/** Ignores the conditions of the default branch, which is taken when no other is true. */
const ignored = z.unknown().transform((): Condition[] => []);

/** Conditional branches in order; the first true one is taken, otherwise the default, which is the last. */
export default defineNode({
  type: "branch",
  short: "branch",
  name: "Branch",
  branches: {
    min: 2,
    max: 10,
    conditions: (is_default) => (is_default ? ignored : conditionsSchema),
    reads: namespacesRead,
  },
  config: z.looseObject({}).nullish(),
  run(ctx) {
    for (const [index, branch] of ctx.branches.entries()) {
      if (branch.is_default) continue;
      const { result, trace } = ctx.test(branch.conditions);
      ctx.log("info", "expression_evaluated", `branch '${branch.name}': ${result ? "true" : "false"}`, {
        branch: branch.ref,
        result,
        conditions: trace,
      });
      if (result) return { kind: "branch", index };
    }
    const fallback = ctx.branches.findIndex((branch) => branch.is_default);
    const taken = ctx.branches[fallback];
    ctx.log("info", "expression_evaluated", `branch '${taken?.name ?? ""}': taken by default`, {
      branch: taken?.ref ?? null,
    });
    return fallback === -1
      ? { kind: "fail", code: "branch_without_default", message: "branch: no default branch" }
      : { kind: "branch", index: fallback };
  },
});
