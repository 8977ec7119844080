import { describe, expect, it } from "vitest";
import { AppError } from "../../errors.ts";
import { createSilentLog } from "../../log.ts";
import {
  MAX_BODY_UNITS,
  presentFates,
  presentTexts,
  settleRecords,
  splitRecords,
  toRecord,
} from "./records.ts";

const log = createSilentLog();
const away = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });

/** A record whose JSON text has this many UTF-16 units. */
const ofSize = (units: number) => ({ text: "é".repeat(units - '{"text":""}'.length) });

describe("toRecord", () => {
  it("gives the record with its JSON", () => {
    expect(toRecord({ a: [1, "é"] })).toEqual({ body: { a: [1, "é"] }, text: '{"a":[1,"é"]}' });
  });

  it.each([
    ["the null character", { data: { a: "x\u0000" } }, "data.a: must not contain the null character"],
    [
      "half of a surrogate pair",
      { a: ["\ud800"] },
      "a.0: must be valid Unicode (it has half of a surrogate pair)",
    ],
  ])("refuses %s", (_title, body, message) => {
    expect(() => toRecord(body)).toThrow(expect.objectContaining({ code: "bad_json", message }));
  });

  it("refuses nesting that would overflow the stack", () => {
    const deep: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
    expect(() => toRecord(deep)).toThrow(expect.objectContaining({ code: "bad_json" }));
  });

  it("measures 800 KB in UTF-16 units, as clients do", () => {
    expect(toRecord(ofSize(MAX_BODY_UNITS)).text).toHaveLength(MAX_BODY_UNITS);
    expect(() => toRecord(ofSize(MAX_BODY_UNITS + 1))).toThrow(
      expect.objectContaining({ code: "payload_too_large" }),
    );
  });
});

describe("splitRecords", () => {
  it("puts the reason where a record cannot be stored", () => {
    expect(splitRecords([{ a: 1 }, { a: "\u0000" }], 2)).toEqual([
      { body: { a: 1 }, text: '{"a":1}' },
      expect.objectContaining({ code: "bad_json", message: "a: must not contain the null character" }),
    ]);
  });

  it.each([
    ["no records", [], "validation_error"],
    ["more records than are allowed", [{}, {}, {}], "validation_error"],
    [
      "records that are too large together",
      [ofSize(MAX_BODY_UNITS / 2), ofSize(MAX_BODY_UNITS / 2 + 1)],
      "payload_too_large",
    ],
  ])("refuses %s", (_title, bodies, code) => {
    expect(() => splitRecords(bodies, 2)).toThrow(expect.objectContaining({ code }));
  });
});

describe("a bulk answer", () => {
  it("keeps the order and the length, whatever happens to single records", async () => {
    const fates = await settleRecords([1, new AppError("not_found", "no"), 3, 4, 5], async (record) => {
      if (record === 3) throw away;
      if (record === 4) throw new Error("a bug");
      return `id-${record}`;
    });
    expect(presentFates(fates, log)).toEqual({
      status: "success",
      records: [
        { status: "success", status_code: 202, message_id: "id-1" },
        { status: "error", status_code: 404, error: { type: "not_found", message: "no" } },
        {
          status: "error",
          status_code: 503,
          error: {
            type: "database_unavailable",
            message: "the database is not answering; send the request again",
          },
        },
        { status: "error", status_code: 500, error: { type: "internal", message: "internal error" } },
        { status: "success", status_code: 202, message_id: "id-5" },
      ],
    });
  });

  it("fails as a whole when the database accepted none of the records", async () => {
    const fates = await settleRecords([1, 2], () => Promise.reject(away));
    expect(() => presentFates(fates, log)).toThrow(away);
  });

  it("does not fail as a whole when all records are invalid", async () => {
    const refused = [new AppError("bad_json", "x"), new AppError("bad_json", "y")];
    const fates = await settleRecords(refused, async () => "");
    expect(presentFates(fates, log).records).toHaveLength(2);
  });
});

describe("presentTexts", () => {
  const taken = (value: string): PromiseSettledResult<string> => ({ status: "fulfilled", value });
  const lost = (reason: unknown): PromiseSettledResult<string> => ({ status: "rejected", reason });
  const wrong = lost(new AppError("validation_error", "no", { detail: ["why"] }));

  it("is the text alone when none is wrong", () => {
    expect(presentTexts("OK", [taken("a"), taken("b")])).toBe("OK");
  });

  it("has a line for each invalid one among others, with its position", () => {
    expect(presentTexts("OK", [wrong, taken("a"), wrong])).toBe("OK\n[0]: no\n[2]: no");
  });

  it("is the first refusal when nothing was accepted, without a position for a single record", () => {
    const detail = ["why"];
    const thrown = (message: string) =>
      expect.objectContaining({ code: "validation_error", message, detail });
    expect(() => presentTexts("OK", [wrong, wrong])).toThrow(thrown("[0]: no"));
    expect(() => presentTexts("OK", [wrong])).toThrow(thrown("no"));
  });

  it("is no answer when the database failed for one: then it is resent", () => {
    expect(() => presentTexts("OK", [taken("a"), wrong, lost(away)])).toThrow(away);
  });
});
