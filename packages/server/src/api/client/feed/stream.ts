import { z } from "zod";
import { admitPerson } from "../../../http/auth/client.ts";
import { headerOf } from "../../../http/request.ts";
import { RouteReply } from "../../../http/route.ts";
import { AppError } from "../../../errors.ts";
import { seqQuery, storesQuery } from "../../inbox-query.ts";
import { defineClientRoute } from "../surface.ts";
import { feedQuery } from "./feed.ts";

/** A proxy must neither keep events back nor answer from memory. */
const HEADERS = { "cache-control": "no-store", "x-accel-buffering": "no" };

export default defineClientRoute({
  method: "GET",
  path: "/v1/feed/stream/",
  summary: "Follow a feed as a stream of server-sent events",
  query: feedQuery.extend({
    stores: storesQuery,
    after: seqQuery.describe(
      "The number up to which the client has everything, where it sends no header `Last-Event-ID`.",
    ),
  }),
  reply: {
    status: 200,
    body: z.string(),
    content_type: "text/event-stream",
    description: [
      "Events, each with `data` of JSON, and as `id` the number from which `Last-Event-ID` goes on. ",
      "`hello` comes first: `{seq, counts}`. ",
      "`items` has what changed, `{seq, items, counts, new}`: items whole and in their newest state, and in `new` the ids of those that were just delivered. ",
      "`badge` comes after the bell was opened: `{counts}`. ",
      "`reset`, `{seq, counts}`, says that what changed cannot be told any more: list the items anew. ",
      "A comment comes every 25 seconds.",
    ].join(""),
  },
  errors: ["validation_error", "throttled"],
  async handle({ query, auth, services, address, headers }) {
    const { distinct_id, tenant_id, stores, after } = query;
    admitPerson(auth, { distinct_id, tenant_id });
    const { workspace_id } = auth.workspace;
    const stream = await services.openStream({
      person: { workspace_id, distinct_id, tenant_id },
      stores,
      after: parseEventId(headerOf(headers, "last-event-id")) ?? after,
      address,
      expires_at: auth.person?.expires_at ?? null,
    });
    return new RouteReply(200, stream, "text/event-stream; charset=utf-8", HEADERS);
  },
});

function parseEventId(text: string): number | null {
  if (text === "") return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AppError("validation_error", "Last-Event-ID: must be the id of an event of this stream");
}
