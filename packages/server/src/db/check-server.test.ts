import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createDoor } from "../../test/outside/door.ts";
import { createPooler } from "../../test/outside/pooler.ts";
import { randomToken } from "../ids.ts";
import {
  checkServer,
  checkSessions,
  DatabaseRefusal,
  reasonAgainst,
  type ServerFacts,
} from "./check-server.ts";
import { createDb, type Db } from "./db.ts";

const FIT: ServerFacts = {
  version: 180_004,
  version_text: "18.4",
  encoding: "UTF8",
  database: "carillon",
  role: "carillon",
  is_read_only: false,
  schema: "public",
  may_make_tables: true,
  may_make_schemas: true,
  has_job_schema: false,
};

describe("a database", () => {
  it.each<[string, Partial<ServerFacts>, string | null]>([
    ["fit", {}, null],
    ["oldest", { version: 150_000 }, null],
    ["newer than any", { version: 990_000 }, null],
    [
      "of 14",
      { version: 149_999, version_text: "14.19 (Debian)" },
      "PostgreSQL 14.19 (Debian) is too old: Carillon needs 15 or newer.",
    ],
    [
      "in Latin letters only",
      { encoding: "LATIN1" },
      "The database carillon has the encoding LATIN1, which cannot hold every text: Carillon needs UTF8. Make another (create database carillon encoding 'UTF8' template template0) and set DATABASE_URL to it.",
    ],
    [
      "that is a standby",
      { is_read_only: true },
      "The database carillon takes no writes: it is a standby, or set to read only. Set DATABASE_URL to the primary.",
    ],
    [
      "of somebody else",
      { may_make_tables: false, database: "Shop", role: 'o"neil' },
      'The user "o""neil" may not make tables in the database "Shop": let it own the database (alter database "Shop" owner to "o""neil"), or grant create on schema public to "o""neil".',
    ],
    [
      "without a schema",
      { schema: null, may_make_tables: false },
      "The user carillon can use no schema of the database carillon: let it own the database (alter database carillon owner to carillon), or name one in its search_path.",
    ],
    [
      "where schemas may not be made",
      { may_make_schemas: false },
      "The user carillon may not make a schema in the database carillon: let it own the database (alter database carillon owner to carillon), or grant create on database carillon to carillon.",
    ],
    ["where they need not be", { may_make_schemas: false, has_job_schema: true }, null],
  ])("%s is judged before anything is made in it", (_name, facts, reason) => {
    expect(reasonAgainst({ ...FIT, ...facts })).toBe(reason);
  });
});

describe("a server that is asked", () => {
  const name = `check_${randomToken(9).toLowerCase().replaceAll("-", "_")}`;
  let server: Db;
  const dbs: Db[] = [];
  beforeAll(async () => {
    server = createDb({ url: inject("databaseUrl"), max: 1, onError: () => {} });
    await server.query(
      `create database "${name}" encoding 'LATIN1' locale_provider libc locale 'C' template template0`,
    );
    await server.query(`create role "${name}" login password 'secret'`);
  });
  afterAll(async () => {
    for (const db of dbs) await db.close();
    await server.query(`drop database "${name}" with (force)`);
    await server.query(`drop role "${name}"`);
    await server.close();
  });

  function connect(change: (url: URL) => void): Db {
    const url = new URL(inject("databaseUrl"));
    change(url);
    const db = createDb({ url: url.href, max: 1, onError: () => {} });
    dbs.push(db);
    return db;
  }

  it("is accepted when it is the bundled one", async () => {
    await expect(checkServer(server)).resolves.toBeUndefined();
  });

  it("is refused for its encoding, by name", async () => {
    const db = connect((url) => (url.pathname = `/${name}`));
    await expect(checkServer(db)).rejects.toThrow(/has the encoding LATIN1, .*Carillon needs UTF8/);
  });

  it("is refused for what its user may not do", async () => {
    const db = connect((url) => {
      url.username = name;
      url.password = "secret";
    });
    const error = await checkServer(db).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseRefusal);
    expect((error as Error).message).toMatch(/may not make tables in the database carillon: let it own/);
  });

  it("is refused through a pooler that gives each transaction another session, and accepted through one that does not", async () => {
    for (const order of ["last", "longest"] as const) {
      const pooler = await createPooler(inject("databaseUrl"), order);
      const db = createDb({ url: pooler.url, max: 2, onError: () => {} });
      await expect(checkSessions(db)).rejects.toThrow(/pool_mode = session/);
      await db.close();
      pooler.server.close();
    }
    const door = await createDoor(inject("databaseUrl"));
    const db = createDb({ url: door.url, max: 2, onError: () => {} });
    await expect(checkSessions(db)).resolves.toBeUndefined();
    await db.close();
    door.server.close();
  });
});
