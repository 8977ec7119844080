import { z } from "zod";
import { defineRoute, RouteReply } from "../../../http/route.ts";
import { requireAll, splitRecords, toRecord } from "../records.ts";
import { readRecords, storeRecords } from "./ingest.ts";

/** User edits come in chunks of up to 400, events of up to 100; one array may hold both. */
const MAX_RECORDS = 400;

/**
 * Events and edits of users from all SDKs, old browsers among them. The answer is a text and has no room for single
 * records, so an array is taken whole or not at all: a batch that is sent again must not apply its good half twice.
 */
export default defineRoute({
  method: "POST",
  path: "/event/",
  summary: "Track events and edit users (text answers)",
  body: z.unknown().meta({ description: "One record, or an array of up to 400.", type: ["object", "array"] }),
  reply: {
    status: 202,
    body: z.string(),
    description: "The text `OK`: events are on disk, edits are applied.",
  },
  errors: ["validation_error", "schema_validation_error", "not_found", "bad_json", "payload_too_large"],
  family: "text",
  transaction: false,
  guardsText: true,
  async handle(ctx) {
    const records = Array.isArray(ctx.body)
      ? splitRecords(ctx.body, MAX_RECORDS)
      : [toRecord(ctx.body, ctx.raw)];
    const read = requireAll(await readRecords(records, ctx));
    const fates = await storeRecords(read, ctx);
    const lost = fates.find((fate) => fate.status === "rejected");
    if (lost !== undefined) throw lost.reason;
    return new RouteReply(202, "OK", "text/plain; charset=utf-8");
  },
});
