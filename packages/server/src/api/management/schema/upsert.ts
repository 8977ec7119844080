import { z } from "zod";
import {
  publishPayloadSchema,
  savePayloadSchemaDraft,
} from "../../../authoring/schemas/payload-schema-change.ts";
import { getPayloadSchemaView, payloadSchemaReply } from "../../../authoring/schemas/payload-schema-view.ts";
import type { JsonObject } from "../../../core/json.ts";
import { checkPayloadSchema } from "../../../expressions/payload-schema/payload-schema-check.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { commitMessageQuery } from "../query.ts";

const SCHEMA_EXAMPLE = {
  type: "object",
  required: ["order_id"],
  properties: { order_id: { type: "string" } },
};

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/schema/:slug/",
  summary: "Create a payload schema or change its draft, and commit it where `commit` says so",
  params: z.object({
    slug: z
      .string()
      .max(255)
      .regex(/^[a-zA-Z0-9_.-]+$/, "must be made of a-z, A-Z, 0-9, -, _ and ."),
  }),
  query: z.object({ commit: z.stringbool().default(false), ...commitMessageQuery }),
  body: z.object({
    name: z.string().trim().min(1, "This field may not be blank.").max(255),
    description: z.string().max(1000).nullish(),
    /** JSON Schema, draft 2020-12. */
    json_schema: z.record(z.string(), z.unknown()).meta({ examples: [SCHEMA_EXAMPLE] }),
  }),
  reply: {
    status: 200,
    body: payloadSchemaReply.extend({
      /** Present only if `commit` requested it. */
      commit_result: z.object({ is_committed: z.boolean(), errors: z.array(z.string()) }).optional(),
    }),
    description: "The draft as stored, or the version that is live now.",
  },
  async handle({ params: { slug }, query, body, auth, db, services: { catalog } }) {
    const { workspace_id } = auth.workspace;
    const json_schema = body.json_schema as JsonObject;
    refuseUnsound(json_schema);
    const { name, description = null } = body;
    await savePayloadSchemaDraft({ db, workspace_id }, slug, { name, description, json_schema });
    if (!query.commit) return getPayloadSchemaView({ db, workspace_id }, slug, "draft");
    const is_committed = await publishPayloadSchema(
      { db, workspace_id, catalog },
      slug,
      query.commit_message || null,
    );
    return {
      ...(await getPayloadSchemaView({ db, workspace_id }, slug, is_committed ? "live" : "draft")),
      commit_result: { is_committed, errors: is_committed ? [] : ["hash: no uncommitted changes found"] },
    };
  },
});

function refuseUnsound(json_schema: JsonObject): void {
  const reason = checkPayloadSchema(json_schema);
  if (reason === null) return;
  const detail = { json_schema: [reason] };
  throw new AppError("validation_error", JSON.stringify(detail), { detail });
}
