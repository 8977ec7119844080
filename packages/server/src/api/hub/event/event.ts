import { z } from "zod";
import { authenticateEvents } from "../../../http/auth/client.ts";
import { defineRoute, RouteReply } from "../../../http/route.ts";
import { noDryRun, presentTexts, recordsOf } from "../records.ts";
import { eventBody } from "../wire-schemas.ts";
import { readRecords, storeRecords } from "./ingest.ts";

/** User edits come in chunks of up to 400, events of up to 100; one array may hold both. */
const MAX_RECORDS = 400;

/**
 * Events and user edits from all SDKs, including old browsers, which read only the status of the response. An error in
 * one record affects only that record; a resent batch is recognised by each `$insert_id`.
 */
export default defineRoute({
  method: "POST",
  path: "/event/",
  summary: "Track events and edit users (text answers)",
  query: noDryRun,
  body: z.unknown().meta(eventBody(MAX_RECORDS)),
  reply: {
    status: 202,
    body: z.string().meta({ examples: ["OK"] }),
    content_type: "text/plain",
    description:
      "The text `OK`: events are on disk, edits are applied. After it a line for each record of an array that was refused.",
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
  family: "text",
  authenticate: authenticateEvents,
  credentials: ["hub", "client"],
  cors: true,
  transaction: false,
  guardsText: true,
  async handle(ctx) {
    const records = recordsOf(ctx.body, ctx.raw, MAX_RECORDS);
    const fates = await storeRecords(await readRecords(records, ctx), ctx);
    return new RouteReply(202, presentTexts("OK", fates), "text/plain; charset=utf-8");
  },
});
