import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createDoor, type Door } from "../../test/outside/door.ts";
import { until } from "../../test/harness.ts";
import { createDb, type Db } from "./db.ts";

describe("a statement whose values cannot be sent", () => {
  it("fails alone: the next use of its name finds a connection that can prepare it", async () => {
    const db = createDb({ url: inject("databaseUrl"), max: 1, onError: () => {} });
    const echo = (value: unknown) => db.tx((tx) => tx.query("select $1::text as value", [value], "echo"));
    const unsendable = {
      toPostgres() {
        throw new RangeError("too large");
      },
    };
    await expect(echo(unsendable)).rejects.toThrow("too large");
    await expect(echo("fine")).resolves.toEqual([{ value: "fine" }]);
    await db.close();
  });
});

describe("listening", () => {
  let door: Door;
  let db: Db;
  /** The errors reported for each at that time. */
  let errors: string[][];
  beforeAll(async () => {
    door = await createDoor(inject("databaseUrl"));
    errors = [];
    db = createDb({ url: door.url, max: 2, onError: (error) => void errors.push(Object.keys(error)) });
  });
  afterAll(async () => {
    await db.close();
    door.server.close();
  });

  it("retries a lost connection at a constant rate, and receives as before once it is back", async () => {
    const heard: string[] = [];
    let resets = 0;
    const listening = await db.listen(
      "test_door",
      (payload) => void heard.push(payload),
      () => void resets++,
    );
    door.shut();
    await until(async () => door.refused.length >= 6);
    const [first = 0, , , , , sixth = 0] = door.refused;
    // One attempt every half second: twice as many each time would need a third of that.
    expect(sixth - first).toBeGreaterThan(2000);

    door.isOpen = true;
    await until(async () => resets === 1);
    await db.query("select pg_notify('test_door', 'back')");
    await until(async () => heard.length === 1);
    expect(heard).toEqual(["back"]);
    await listening.stop();
  });

  it("stops for good when it is stopped while the database is unreachable", async () => {
    const listening = await db.listen(
      "test_door",
      () => {},
      () => {},
    );
    door.shut();
    const before = door.refused.length;
    await until(async () => door.refused.length > before);
    await listening.stop();
    const stopped = door.refused.length;
    await expect(db.query("select 1")).rejects.toThrow(/terminated|ECONN/);
    // Only the query's own attempt arrived within one or two attempt intervals.
    await until(async () => performance.now() - (door.refused.at(-1) ?? 0) > 1200);
    expect(door.refused.length - stopped).toBeLessThanOrEqual(1);
    door.isOpen = true;
  });

  it("reports errors without their connection, which would fill the log", () => {
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.filter((keys) => keys.includes("client"))).toEqual([]);
  });
});
