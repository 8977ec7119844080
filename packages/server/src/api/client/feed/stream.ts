import { z } from "zod";
import { DEFAULT_TENANT } from "../../../core/profile/effective-profile.ts";
import { admitPerson } from "../../../http/auth/client.ts";
import { RouteReply } from "../../../http/route.ts";
import { AppError } from "../../../errors.ts";
import { parseStores } from "../../../realtime/parse-stores.ts";
import { defineClientRoute } from "../surface.ts";

/** A proxy must neither keep events back nor answer from memory. */
const HEADERS = { "cache-control": "no-store", "x-accel-buffering": "no" };

export default defineClientRoute({
  method: "GET",
  path: "/v1/feed/stream/",
  summary: "Follow the person's feed as a stream of server-sent events",
  query: z.object({
    distinct_id: z.string().min(1).describe("The person."),
    tenant_id: z.string().min(1).default(DEFAULT_TENANT),
    stores: z
      .string()
      .optional()
      .describe(
        "The client's tabs as JSON, an array of `{store_id, query}`: `counts` has the unread items of each.",
      ),
    after: z
      .string()
      .optional()
      .describe("Number up to which the client has everything, if it sends no header `Last-Event-ID`."),
  }),
  reply: {
    status: 200,
    body: z.string(),
    content_type: "text/event-stream",
    description: [
      "Events, each with `data` of JSON and, for `Last-Event-ID`, the number from which to go on as `id`. ",
      "`hello` comes first: `{seq, counts}`. `items` has what changed: `{seq, items, counts, new}`, items whole and in their ",
      "newest state, as in a list, and in `new` the ids of those that were just delivered. `badge`, after the bell was opened: `{counts}`. ",
      "`reset`, `{seq, counts}`: what changed since cannot be told any more, so the list is to be read again. ",
      "A comment comes every 25 seconds.",
    ].join(""),
  },
  errors: ["validation_error", "throttled"],
  async handle({ query, auth, services, address, last_event_id }) {
    const { distinct_id, tenant_id, stores, after } = query;
    admitPerson(auth, { distinct_id, tenant_id });
    const { workspace_id } = auth.workspace;
    const stream = await services.openStream({
      person: { workspace_id, distinct_id, tenant_id },
      stores: parseStores(stores),
      after: parseAfter(last_event_id || (after ?? "")),
      address,
      expires_at: auth.person?.expires_at ?? null,
    });
    return new RouteReply(200, stream, "text/event-stream; charset=utf-8", HEADERS);
  },
});

function parseAfter(text: string): number | null {
  if (text === "") return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AppError(
    "validation_error",
    "after, or Last-Event-ID: must be a number that an event had as its id",
  );
}
