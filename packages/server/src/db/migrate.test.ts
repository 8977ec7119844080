import { readFile, readdir } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { createIdSource, randomToken } from "../ids.ts";
import { createDb, type Db } from "./db.ts";
import { dumpSchema, dumpTableTypes } from "./dump.ts";
import { migrate, MigrationError } from "./migrate.ts";

let server: Db;
let name: string;
/** Connections of two nodes to an empty database. */
let nodes: [Db, Db];

beforeAll(() => {
  server = createDb({ url: inject("databaseUrl"), max: 1, onError: () => {} });
});
afterAll(() => server.close());
beforeEach(async () => {
  name = `migrate_${randomToken(9).toLowerCase().replaceAll("-", "_")}`;
  await server.query(`create database "${name}"`);
  const url = new URL(inject("databaseUrl"));
  url.pathname = `/${name}`;
  const connect = () => createDb({ url: url.href, max: 4, onError: () => {} });
  nodes = [connect(), connect()];
});
afterEach(async () => {
  for (const node of nodes) await node.close();
  await server.query(`drop database "${name}" with (force)`);
});

async function applied(): Promise<{ name: string; applied_at: Date }[]> {
  return nodes[0].query("select name, applied_at from migration order by name");
}

describe("migrate", () => {
  it("applies every file once, in order, when two nodes start at the same moment", async () => {
    await Promise.all(nodes.flatMap((node) => [migrate(node), migrate(node)]));
    const files = await readdir(new URL("./migrations/", import.meta.url));
    expect((await applied()).map((row) => row.name)).toEqual(files.sort());
  });

  it("changes nothing the second time", async () => {
    await migrate(nodes[0]);
    const before = await applied();
    await migrate(nodes[1]);
    expect(await applied()).toEqual(before);
  });

  it("leaves a database that has a place for rows of this week", async () => {
    await migrate(nodes[0]);
    const [row] = await nodes[0].query<{ place: string }>(
      `insert into message_event (workspace_id, message_id, at, kind) values (1, $1, now(), 'attempt_failed')
       returning tableoid::regclass::text as place`,
      [createIdSource().ulid()],
    );
    expect(row?.place).toMatch(/^message_event_w\d{8}$/);
  });

  it("makes documents readable that an older version stored with half a character or a null character", async () => {
    await migrate(nodes[0]);
    await nodes[0].query("delete from migration where name = '0015_storable_json.sql'");
    const stored = String.raw`{"half":"a\ud83d","low":"\ude00b","nul":"x\u0000y","whole":"\ud83d\ude00","text":"\\u0000 \\ud83d"}`;
    await nodes[0].query(
      "insert into message_event (workspace_id, message_id, at, kind, detail) values (1, $1, now(), 'retried', $2)",
      [createIdSource().ulid(), stored],
    );
    const read = () =>
      nodes[0].query<{ half: string }>("select detail ->> 'half' as half from message_event");
    await expect(read()).rejects.toThrow("invalid input syntax for type json");
    await migrate(nodes[1]);
    expect(await read()).toEqual([{ half: "a\u{fffd}" }]);
    const [row] = await nodes[0].query<{ detail: unknown }>("select detail from message_event");
    expect(row?.detail).toEqual({
      half: "a\u{fffd}",
      low: "\u{fffd}b",
      nul: "x\u{fffd}y",
      whole: "😀",
      text: String.raw`\u0000 \ud83d`,
    });
  });

  it("refuses a database of a newer Carillon with one line, and touches nothing", async () => {
    await migrate(nodes[0]);
    await nodes[0].query("insert into migration (name) values ('0999_from_the_future.sql')");
    const before = await applied();
    const refusal = await migrate(nodes[1]).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MigrationError);
    expect((refusal as Error).message).toBe(
      "The database was migrated by a newer Carillon (0999_from_the_future.sql). Start that version or newer.",
    );
    expect(await applied()).toEqual(before);
  });

  it("undoes a migration that fails half way", async () => {
    // An object of that name conflicts with the last statements of the first file.
    await nodes[0].query("create table inbox_item (made_by text)");
    await expect(migrate(nodes[0])).rejects.toThrow(
      'The database holds something that Carillon did not make (relation "inbox_item" already exists). Give it a database of its own.',
    );
    const tables = await nodes[0].query<{ name: string }>(
      "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')",
    );
    expect(tables).toEqual([{ name: "inbox_item" }]);
    await nodes[0].query("drop table inbox_item");
    await migrate(nodes[0]);
    expect(await applied()).not.toEqual([]);
  });
});

describe("what is committed", () => {
  it("is the schema and the row types of a freshly migrated database", async () => {
    await migrate(nodes[0]);
    const read = (file: string) => readFile(new URL(file, import.meta.url), "utf8");
    expect(await dumpSchema(nodes[0])).toBe(await read("./schema.sql"));
    expect(await dumpTableTypes(nodes[0])).toBe(await read("./tables.gen.ts"));
  });
});
