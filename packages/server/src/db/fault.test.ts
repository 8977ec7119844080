import { describe, expect, it } from "vitest";
import { type DatabaseState, databaseState, isContention, isStalePlan } from "./fault.ts";

const withCode = (code: string, message = "said by the server") =>
  Object.assign(new Error(message), { code });

describe("what an error says about the database", () => {
  it.each<[DatabaseState, string[]]>([
    ["full", ["53100"]],
    ["read_only", ["25006"]],
    [
      "busy",
      ["57014", "55P03", "55006", "53000", "53200", "53300", "53400", "25P03", "25P04", "58030", "42501"],
    ],
    ["away", ["08000", "08006", "28000", "28P01", "3D000", "57P01", "57P02", "57P03", "57P05", "ECONNRESET"]],
  ])("is that it is %s", (state, codes) => {
    for (const code of codes) expect([code, databaseState(withCode(code))]).toEqual([code, state]);
  });

  it.each([
    "Connection terminated unexpectedly",
    "Connection terminated due to connection timeout",
    "timeout exceeded when trying to connect",
    "timeout expired",
    "Query read timeout",
    "Client has encountered a connection error and is not queryable",
  ])("is known from the driver's words: %s", (message) => {
    expect(databaseState(new Error(message))).toBe("away");
  });

  it("is nothing where the statement or its values are wrong", () => {
    for (const code of ["22003", "22P02", "23505", "42601", "42P01", "54000", "XX000", "40P01", "40001"]) {
      expect([code, databaseState(withCode(code))]).toEqual([code, null]);
    }
    expect(databaseState(new Error("a bug"))).toBeNull();
    expect(databaseState("57014")).toBeNull();
    // A file of ours; the same code says that a server's socket is missing.
    expect(databaseState(withCode("ENOENT"))).toBeNull();
    expect(databaseState(Object.assign(withCode("ENOENT"), { syscall: "connect" }))).toBe("away");
  });

  it("is that a plan is stale, which another connection cures", () => {
    const stale = withCode("0A000", "cached plan must not change result type");
    expect(isStalePlan(stale)).toBe(true);
    expect(databaseState(stale)).toBe("busy");
    expect(databaseState(withCode("0A000", "not supported"))).toBeNull();
  });

  it("is contention where the same succeeds at once", () => {
    expect([withCode("40P01"), withCode("40001"), withCode("55P03")].map(isContention)).toEqual([
      true,
      true,
      false,
    ]);
  });
});
