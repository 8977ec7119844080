import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { bulkReply } from "../record-replies.ts";
import { MAX_RECORDS, noDryRun, presentFates, splitRecords } from "../records.ts";
import { bulkEventBody } from "../wire-schemas.ts";
import { readRecords, storeRecords } from "./ingest.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/bulk/event/",
  summary: "Track up to 100 events",
  query: noDryRun,
  body: z.unknown().meta(bulkEventBody),
  reply: {
    status: 207,
    body: bulkReply,
    description: "One record each, in order. The status says `success` whatever the records say.",
  },
  errors: ["validation_error", "schema_validation_error", "not_found", "bad_json", "payload_too_large"],
  family: "status_error",
  bulk: "always",
  transaction: false,
  guardsText: true,
  async handle(ctx) {
    if (!Array.isArray(ctx.body))
      throw new AppError("validation_error", "Request body must be an array of records");
    const fates = await storeRecords(await readRecords(splitRecords(ctx.body, MAX_RECORDS), ctx), ctx);
    return presentFates(fates, ctx.log);
  },
});
