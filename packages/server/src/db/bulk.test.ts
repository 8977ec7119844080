import { describe, expect } from "vitest";
import { onDatabase as it } from "../../test/fixture.ts";
import {
  afterNow,
  insertAll,
  int,
  json,
  keysOf,
  now,
  nowIf,
  rowsOf,
  smallint,
  text,
  textArray,
  timestamptz,
  uuid,
} from "./bulk.ts";
import type { Db } from "./db.ts";

interface Event {
  message_id: string;
  kind: string;
  detail: unknown;
}

const insert = (db: Db, events: Event[], rest?: string) =>
  insertAll<"message_event", Event, { message_id: string }>(
    db,
    "message_event",
    events,
    {
      workspace_id: int(() => 1),
      message_id: text((event) => event.message_id),
      at: timestamptz(() => new Date("2026-01-01T00:00:00Z")),
      kind: text((event) => event.kind),
      detail: json((event) => event.detail),
    },
    rest,
  );

describe("an insert of many rows", () => {
  it("writes each value into the column that it is named for", async ({ db }) => {
    const ids = await insert(
      db,
      [
        { message_id: "01A", kind: "one", detail: { a: [1, null, "é"] } },
        { message_id: "01B", kind: "two", detail: null },
      ],
      "returning message_id",
    );
    expect(ids).toEqual([{ message_id: "01A" }, { message_id: "01B" }]);
    const rows = await db.query(
      "select message_id, kind, detail, detail is null as is_null from message_event order by message_id",
    );
    expect(rows).toEqual([
      { message_id: "01A", kind: "one", detail: { a: [1, null, "é"] }, is_null: false },
      { message_id: "01B", kind: "two", detail: null, is_null: true },
    ]);
  });

  it("runs no statement without rows", async ({ db }) => {
    expect(await insert(db, [], "this would not parse")).toEqual([]);
  });

  it("does not compile with a column of another type, one too few, or one that is not there", ({ db }) => {
    const wrong = () => [
      insertAll(db, "signal", [{ at: new Date() }], {
        workspace_id: int(() => 1),
        run_id: text(() => ""),
        wait_id: text(() => ""),
        kind: text(() => ""),
        // @ts-expect-error a time is not a text
        at: text(() => ""),
        body: json(() => null),
      }),
      // @ts-expect-error its kind is missing
      insertAll(db, "signal", [{ at: new Date() }], {
        workspace_id: int(() => 1),
        run_id: text(() => ""),
        wait_id: text(() => ""),
        at: timestamptz(({ at }) => at),
      }),
      insertAll(db, "signal", [{ at: new Date() }], {
        workspace_id: int(() => 1),
        run_id: text(() => ""),
        wait_id: text(() => ""),
        kind: text(() => ""),
        at: timestamptz(({ at }) => at),
        // @ts-expect-error there is no such column
        colour: text(() => ""),
      }),
    ];
    expect(wrong).toBeTypeOf("function");
  });

  it("marks the transaction's time only where the condition holds", async ({ db }) => {
    const { from, values } = rowsOf("r", [true, false], { at: nowIf((is) => is), no: smallint(() => 7) });
    const { read } = nowIf<boolean>((is) => is);
    const rows = await db.query(`select ${read("r.at")} = now() as is_now, r.no from ${from}`, values);
    expect(rows).toEqual([
      { is_now: true, no: 7 },
      { is_now: null, no: 7 },
    ]);
  });
});

describe("a column that a statement makes something of", () => {
  it("is an array of texts for each row, whatever is in them", async ({ db }) => {
    const given = [["a", "b,c"], [], ['"', "\\", "{}", "null", "", " é\n"]];
    const tags = textArray<string[]>((one) => one);
    const { from, values } = rowsOf("r", given, { tags });
    const rows = await db.query(`select ${tags.read("r.tags")} as tags from ${from}`, values);
    expect(rows).toEqual(given.map((tags) => ({ tags })));
  });

  it("is the transaction's time, or one after it", async ({ db }) => {
    const due = afterNow<number>((ms) => ms);
    const { from, values } = rowsOf("r", [0, 1500.5], { at: now, due });
    const rows = await db.query(
      `select ${now.read("r.at")} = now() as is_now,
              extract(epoch from ${due.read("r.due")} - now())::float8 as seconds
         from ${from}`,
      values,
    );
    expect(rows).toEqual([
      { is_now: true, seconds: 0 },
      { is_now: true, seconds: 1.5005 },
    ]);
  });
});

describe("keys of rows", () => {
  it("are a relation of workspace and id, text or UUID", async ({ db }) => {
    const id = "018f0000-0000-7000-8000-000000000001";
    const { from, values, next } = keysOf([{ workspace_id: 3, id }], uuid);
    const rows = await db.query(
      `select k.workspace_id, k.id, pg_typeof(k.id)::text as type from ${from}`,
      values,
    );
    expect(rows).toEqual([{ workspace_id: 3, id, type: "uuid" }]);
    expect(next).toBe(3);
  });
});
