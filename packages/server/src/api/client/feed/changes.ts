import { z } from "zod";
import { presentItem } from "../../../inbox/present-item.ts";
import { countItems, readChanges } from "../../../inbox/read-feed.ts";
import { countsShape, pageSize, presentCounts, seqQuery, storesQuery } from "../../inbox-query.ts";
import { defineClientRoute } from "../surface.ts";
import { feedQuery, itemShape, ownFeed } from "./feed.ts";

const reply = z.object({
  seq: z.number().describe("Ask for the changes after it next time."),
  results: z
    .array(itemShape)
    .optional()
    .describe("Each item once, in its newest state, whichever store it is in."),
  has_more: z.boolean().optional(),
  counts: countsShape.optional(),
  reset: z
    .literal(true)
    .optional()
    .describe("`after` is not a number of this feed, or too old: list the items anew."),
});

export default defineClientRoute({
  method: "GET",
  path: "/v1/feed/changes/",
  summary: "Get what changed in a feed since a number that an earlier answer had",
  query: feedQuery.extend({
    after: seqQuery.describe("The `seq` of an earlier answer. Absent: only `seq` and `counts` are answered."),
    limit: pageSize(100),
    stores: storesQuery,
  }),
  reply: { status: 200, body: reply },
  errors: ["validation_error"],
  async handle(context) {
    const { query, db } = context;
    const { after, limit, stores } = query;
    const feed = await ownFeed(context);
    const changes = after === null ? undefined : await readChanges(db, feed, after, limit);
    if (changes === null) return { reset: true as const, seq: feed.seq };
    const counts = presentCounts(await countItems(db, feed, stores), "badge");
    if (changes === undefined) return { seq: feed.seq, counts };
    const { items, seq, has_more } = changes;
    return { results: items.map(presentItem), seq, has_more, counts };
  },
});
