import { z } from "zod";
import { defineRoute, RouteReply } from "../../../http/route.ts";
import { triggerBody } from "../wire-schemas.ts";
import { acceptedReply, bulkReply, dryRunReply } from "../record-replies.ts";
import { MAX_RECORDS, onlyFate, presentFates, splitRecords, toRecord } from "../records.ts";
import { acceptTriggers } from "./accept-trigger.ts";
import { dryRun } from "./dry-run.ts";

/** Parsed by hand, not by zod: this is the hottest path. The schema is for the reference. */
const body = z.unknown().meta(triggerBody);

/** This name in particular must not be ignored: a dry run would be sent for real. */
const triggerQuery = z
  .looseObject({
    dry_run: z
      .enum(["true", "false"], "must be true or false")
      .optional()
      .describe(
        "`true`: says who would get what and why, and does none of it. One record, answered with 200.",
      ),
  })
  .superRefine((query, ctx) => {
    const slip = Object.keys(query).find((name) => name !== "dry_run" && /^dry[-_]?(run)?$/i.test(name));
    if (slip !== undefined) ctx.addIssue({ code: "custom", path: [slip], message: "is spelt dry_run" });
  });

export default defineRoute({
  method: "POST",
  path: "/trigger/",
  summary: "Trigger a workflow, or up to 100 of them",
  query: triggerQuery,
  body,
  reply: {
    status: 202,
    body: acceptedReply,
    description: "Accepted: on disk, not yet run.",
    others: [
      { status: 207, body: bulkReply, description: "To an array: one record each, in order." },
      { status: 200, body: dryRunReply, description: "To `dry_run=true`: what would happen. Nothing has." },
    ],
  },
  errors: [
    "validation_error",
    "schema_validation_error",
    "bad_json",
    "workflow_missing",
    "workflow_disabled",
    "workflow_not_committed",
    "not_found",
    "payload_too_large",
  ],
  family: "trigger",
  bulk: "arrays",
  transaction: false,
  guardsText: true,
  async handle(ctx) {
    if (ctx.query.dry_run === "true") return new RouteReply(200, await dryRun(toRecord(ctx.body), ctx));
    if (!Array.isArray(ctx.body)) {
      const fates = await acceptTriggers([toRecord(ctx.body, ctx.raw)], ctx);
      return { status: "success" as const, message_id: onlyFate(fates) };
    }
    const fates = await acceptTriggers(splitRecords(ctx.body, MAX_RECORDS), ctx);
    return new RouteReply(207, presentFates(fates, ctx.log));
  },
});
