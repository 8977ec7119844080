import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";

/** A person waits for the answer. */
const PATIENCE_MS = 10_000;

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/vendor/:vendor/verify/",
  summary: "Try a vendor's credentials with a call that sends nothing.",
  params: z.object({ workspace: z.string(), vendor: z.string().describe("The id of a configuration.") }),
  reply: {
    status: 200,
    body: z.object({
      ok: z.boolean(),
      message: z.string().nullable().describe("What the vendor says is wrong."),
    }),
  },
  errors: ["authentication_failed", "not_found"],
  // The vendor takes its time, and nothing is written.
  transaction: false,
  async handle({ params, auth, services }) {
    const { workspace_id } = auth.workspace;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const verification = await services.vendors.verify(workspace_id, params.vendor, signal);
    if (verification === null) {
      throw new AppError("not_found", `vendor configuration '${params.vendor}' not found`);
    }
    return { ok: verification.ok, message: verification.ok ? null : verification.message };
  },
});
