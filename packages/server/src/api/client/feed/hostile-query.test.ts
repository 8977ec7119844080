import fc from "fast-check";
import { expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { seedItems } from "../../../../test/inbox/seed-items.ts";

/** What strangers put into a query: numbers at their ends, JSON of every shape, names of what objects inherit. */
const number = fc.oneof(
  fc.double(),
  fc.constantFrom(-1, 0, 1e15, 8.64e15, 8.64e15 + 1, -8.64e15, 1e308, Number.MAX_SAFE_INTEGER, 2 ** 63),
);
const word = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("__proto__", "constructor", "status", "badge", "\u0000", "\ud800", "{}", 'x"},{'),
);
const words = fc.oneof(
  fc.array(word, { maxLength: 4 }),
  word,
  fc.record({ or: fc.array(fc.oneof(word, number)) }),
);
const store = fc.oneof(
  fc.record(
    {
      store_id: word,
      query: fc.record(
        { read: fc.oneof(fc.boolean(), number), archived: fc.boolean(), tags: words, categories: words },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ),
  fc.json().map((text) => JSON.parse(text) as unknown),
);
const text = fc.oneof(
  number.map(String),
  word,
  fc.json(),
  store.map((one) => JSON.stringify(one)),
  fc.array(store, { maxLength: 3 }).map((list) => JSON.stringify(list)),
  fc.tuple(fc.oneof(fc.boolean(), number), number).map((place) => JSON.stringify(place)),
);
const NAMES = [
  "page_size",
  "page_no",
  "before",
  "after",
  "limit",
  "store",
  "stores",
  "search_after",
  "tenant_id",
];
const PATHS = ["notifications", "notifications_count", "changes", "notifications/x"];

it("answers every query with what it asks for, or with what is wrong", async ({ hub, client }) => {
  const key = { workspace_id: hub.workspace_id, recipient_id: "/ann", tenant_id: "default" };
  await seedItems(hub.services.db, key, [{}, { message: { is_pinned: true, tags: ["__proto__"] } }]);
  const query = fc.array(fc.tuple(fc.constantFrom(...NAMES), text), { maxLength: 5 });
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), query, async (path, pairs) => {
      const sent = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`);
      const { status, json } = await client.call(
        "GET",
        `/v1/feed/${path}?${["distinct_id=ann", ...sent].join("&")}`,
      );
      expect(status).toBeLessThan(500);
      if (status === 400)
        expect(json).toMatchObject({ status: "error", error: { type: "validation_error" } });
      statuses.add(status);
    }),
    { numRuns: 300 },
  );
  expect(statuses).toContain(200);
  expect(statuses).toContain(400);
});
