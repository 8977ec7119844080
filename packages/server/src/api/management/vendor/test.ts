import { z } from "zod";
import { renderSample } from "../../../channels/channel.ts";
import type { JsonObject } from "../../../core/json.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";

/** A person waits for the answer. */
const PATIENCE_MS = 20_000;
const TEXT = "This is a test of a vendor's settings. Nobody has to do anything.";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/vendor/:vendor/test/",
  summary: "Send a sample message through a vendor's settings, and see what the vendor says.",
  params: z.object({ workspace: z.string(), vendor: z.string().describe("The id of a configuration.") }),
  body: z.object({
    to: z
      .union([z.string(), z.record(z.string(), z.unknown())], {
        error: "must be an address as text, or an object where the channel has such addresses",
      })
      .meta({ examples: ["ann@example.com"] })
      .describe("An address of the vendor's channel, as a profile would have it."),
  }),
  reply: {
    status: 200,
    body: z.object({
      outcome: z
        .enum(["sent", "failed", "ambiguous"])
        .describe("`ambiguous`: the vendor did not answer, and may have sent it."),
      vendor_message_id: z.string().nullable().describe("The vendor's own id of the message."),
      class: z.string().nullable().describe("What kind of failure it is."),
      code: z.string().nullable().describe("The vendor's code."),
      message: z.string().nullable().describe("The vendor's words."),
    }),
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  // The vendor takes its time, and nothing is written.
  transaction: false,
  async handle({ params, body, auth, db, services }) {
    const { workspace_id, uid: workspace } = auth.workspace;
    const stored = await services.vendors.list(db, workspace_id);
    const settings = stored.find(({ id }) => id === params.vendor);
    const channel = settings === undefined ? undefined : services.channels.get(settings.channel);
    if (settings === undefined || channel === undefined) throw notFound(params.vendor);
    if (settings.channel === "inbox") {
      throw new AppError(
        "validation_error",
        "the inbox sends nothing: trigger a workflow to see a message in it",
      );
    }
    const parsed = channel.parseIdentity(body.to, {});
    if (!parsed.ok) {
      const detail = { to: [parsed.reason] };
      throw new AppError("validation_error", JSON.stringify(detail), { detail });
    }
    const { webhook_path } = settings;
    const { baseUrl } = services;
    const message = {
      workspace,
      to: parsed.identity.value,
      content: renderSample(channel, TEXT) satisfies JsonObject,
      callback_url: baseUrl === null || webhook_path === null ? null : baseUrl + webhook_path,
    };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const outcome = await services.vendors.test(workspace_id, settings.id, message, signal);
    if (outcome === null) throw notFound(params.vendor);
    const { kind } = outcome;
    if (kind === "sent") {
      const { vendor_message_id } = outcome;
      return { outcome: kind, vendor_message_id, class: null, code: null, message: null };
    }
    return {
      outcome: kind,
      vendor_message_id: null,
      class: kind === "failed" ? outcome.class : null,
      code: outcome.code,
      message: outcome.message,
    };
  },
});

function notFound(vendor: string): AppError {
  return new AppError("not_found", `vendor configuration '${vendor}' not found`);
}
