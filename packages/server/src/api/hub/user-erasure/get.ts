import { z } from "zod";
import { microsOffset, orNull } from "../../../core/time/wire-time.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";

const receipt = z
  .object({
    erasure_id: z.string(),
    distinct_id: z.string(),
    status: z
      .enum(["in_progress", "completed"])
      .describe("`in_progress` while pages of the logs are still being erased."),
    requested_at: z.string(),
    completed_at: z.string().nullable(),
    erased: z.record(z.string(), z.int()).describe("How many of each kind, so far."),
  })
  .meta({
    examples: [
      {
        erasure_id: "01KBD1S2V3W4X5Y6Z7A8B9C0DE",
        distinct_id: "ada",
        status: "completed",
        requested_at: "2026-11-30T09:00:00.000000+00:00",
        completed_at: "2026-11-30T09:00:07.250000+00:00",
        erased: { identities: 2, preferences: 1, lists: 1, executions: 3, messages: 4, requests: 3 },
      },
    ],
  });

export default defineRoute({
  method: "GET",
  path: "/v1/user_erasure/:id/",
  summary: "Get the receipt of a deleted user: what was erased, and when",
  params: z.object({
    id: z
      .string()
      .trim()
      .max(255, "must be at most 255 characters")
      .describe("From the header `x-carillon-erasure` of the deletion."),
  }),
  reply: { status: 200, body: receipt },
  errors: ["not_found"],
  async handle({ params, auth, db }) {
    const row = await db.kysely
      .selectFrom("user_erasure")
      .select(["id", "distinct_id", "created_at", "finished_at", "erased"])
      .where("workspace_id", "=", auth.workspace.workspace_id)
      .where("id", "=", params.id)
      .executeTakeFirst();
    if (row === undefined) throw new AppError("not_found", `user erasure '${params.id}' not found`);
    return {
      erasure_id: row.id,
      distinct_id: row.distinct_id,
      status: row.finished_at === null ? ("in_progress" as const) : ("completed" as const),
      requested_at: microsOffset(row.created_at),
      completed_at: orNull(microsOffset, row.finished_at),
      erased: row.erased as Record<string, number>,
    };
  },
});
