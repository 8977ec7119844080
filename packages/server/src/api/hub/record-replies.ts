import { z } from "zod";

/** The responses of endpoints that take records, for the reference. They are built in `records.ts`. */
export const acceptedReply = z.object({ status: z.literal("success"), message_id: z.string() });

/** The 207 of an array: one entry for each record, in order. */
export const bulkReply = z.object({
  status: z.literal("success"),
  records: z.array(
    z.union([
      z.object({ status: z.literal("success"), status_code: z.literal(202), message_id: z.string() }),
      z.object({
        status: z.literal("error"),
        status_code: z.number(),
        error: z.object({ type: z.string(), message: z.string() }),
      }),
    ]),
  ),
});

const stepReply = z.object({
  at: z.string(),
  node_ref: z.string().nullable(),
  stage: z.string(),
  severity: z.string(),
  message: z.string(),
  values: z.unknown().optional(),
});

/** The result of a dry run. */
export const dryRunReply = z.object({
  status: z.literal("success"),
  dry_run: z.literal(true),
  workflow: z.string(),
  duplicate_of: z
    .string()
    .nullable()
    .describe("The request that holds the idempotency key: sent for real, this trigger would be skipped."),
  problems: z.array(
    z.looseObject({ error_code: z.string(), error_description: z.string(), severity: z.string() }),
  ),
  recipients: z.array(
    z.looseObject({
      distinct_id: z.string().optional(),
      object_type: z.string().optional(),
      id: z.string().optional(),
      status: z.string(),
      ends_at: z.string().nullable(),
      messages: z.array(
        z.looseObject({
          node_ref: z.string(),
          channel: z.string(),
          status: z.string(),
          failure_reason: z.string().nullable(),
          content: z.looseObject({}).nullable(),
        }),
      ),
      steps: z.array(stepReply),
    }),
  ),
  is_complete: z.boolean().describe("False: it left something out, which a problem or a step names."),
});
