import type { Json } from "../../../core/json.ts";
import { z } from "zod";
import { maskAddresses } from "../../../core/secret-addresses.ts";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";
import { defineRoute } from "../../../http/route.ts";
import { instantFilter, singleText } from "../../filter-values.ts";
import { ownQuery } from "../query.ts";
import { explain } from "./explain.ts";
import { VERDICTS } from "./finding.ts";

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;

/** Trimmed, like ids and keys on accept. */
const name = singleText.trim().max(512, "must be at most 512 characters").optional();

const query = ownQuery({
  distinct_id: name.describe("Of a user, or object_type/id of an object."),
  workflow: name.describe("Slug: only what concerns this workflow."),
  idempotency_key: name.describe("Of a trigger or event."),
  since: instantFilter.describe(`RFC 3339: how far back to look. Default: ${DEFAULT_DAYS} days.`),
}).refine(({ distinct_id, idempotency_key }) => Boolean(distinct_id) || Boolean(idempotency_key), {
  error: "one of distinct_id, idempotency_key is required",
});

const evidence = z.object({
  what: z.string(),
  when: z.string().nullable(),
  request_id: z.string().nullable(),
  execution_id: z.string().nullable(),
  message_id: z.string().optional(),
  node_ref: z.string().optional(),
  values: z.unknown().optional().describe("What the gate saw."),
});

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/explain/",
  summary: "Why somebody did or did not get something, in plain language and with the evidence.",
  params: z.object({ workspace: z.string() }),
  query,
  reply: {
    status: 200,
    body: z.object({ verdict: z.enum(VERDICTS), summary: z.string(), evidence: z.array(evidence) }),
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ query, auth, db, services }) {
    const question = {
      workspace_id: auth.workspace.workspace_id,
      distinct_id: query.distinct_id || null,
      workflow: query.workflow || null,
      idempotency_key: query.idempotency_key || null,
      since: query.since ?? new Date(Date.now() - DEFAULT_DAYS * DAY_MS),
    };
    const answer = await explain(db, question, services.engine.expandingSince);
    return {
      ...answer,
      evidence: answer.evidence.map(({ values, ...one }) => ({
        ...one,
        when: orNull(microsZ, one.when),
        ...(values === undefined ? {} : { values: maskAddresses(values as Json) }),
      })),
    };
  },
});
