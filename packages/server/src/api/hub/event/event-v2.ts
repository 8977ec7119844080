import { z } from "zod";
import { authenticateEvents } from "../../../http/auth/client.ts";
import { defineRoute, RouteReply } from "../../../http/route.ts";
import { acceptedReply, bulkReply } from "../record-replies.ts";
import { MAX_RECORDS, noDryRun, onlyFate, presentFates, splitRecords, toRecord } from "../records.ts";
import { eventBody } from "../wire-schemas.ts";
import { readRecords, storeRecords } from "./ingest.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/event/",
  summary: "Track one event or edit one user",
  query: noDryRun,
  body: z.unknown().meta(eventBody(MAX_RECORDS)),
  reply: {
    status: 202,
    body: acceptedReply,
    description: "Accepted: on disk.",
    others: [{ status: 207, body: bulkReply, description: "To an array: one record each, in order." }],
  },
  errors: [
    "validation_error",
    "schema_validation_error",
    "not_found",
    "bad_json",
    "payload_too_large",
    "token_invalid",
    "permission_denied",
  ],
  family: "status_error",
  bulk: "arrays",
  authenticate: authenticateEvents,
  credentials: ["hub", "client"],
  cors: true,
  transaction: false,
  guardsText: true,
  async handle(ctx) {
    if (Array.isArray(ctx.body)) {
      const fates = await storeRecords(await readRecords(splitRecords(ctx.body, MAX_RECORDS), ctx), ctx);
      return new RouteReply(207, presentFates(fates, ctx.log));
    }
    const fates = await storeRecords(await readRecords([toRecord(ctx.body, ctx.raw)], ctx), ctx);
    return { status: "success" as const, message_id: onlyFate(fates) };
  },
});
