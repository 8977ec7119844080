import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { until } from "../../../test/harness.ts";
import { backUpFolder } from "./backup.ts";
import { EmbeddedPostgresError } from "./error.ts";
import { useBench } from "./test-bench.ts";

const bench = useBench();
let copies = 0;
const newCopy = () => path.join(bench.base(), `copy-${(copies += 1)}`);

async function connected<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const refusalOf = (target: string, folder: string) =>
  backUpFolder(folder, target).then(
    () => "",
    (error: unknown) => {
      if (!(error instanceof EmbeddedPostgresError)) throw error;
      return error.message;
    },
  );

/** Writes pairs of rows until it is stopped; resolves to the number of the last pair committed. */
function keepWriting(url: string): { last: () => number; stop: () => Promise<void> } {
  let last = 0;
  let stopping = false;
  const writing = connected(url, async (client) => {
    while (!stopping) {
      await client.query(
        `with one as (insert into kept (n, text) values ($1, repeat('x', 2000)))
         insert into twin (n) values ($1)`,
        [last + 1],
      );
      last += 1;
      if (last % 50 === 0) await client.query("checkpoint");
    }
  });
  return {
    last: () => last,
    async stop() {
      stopping = true;
      await writing;
    },
  };
}

const TABLES = "create table kept (n int primary key, text text); create table twin (n int primary key)";

describe("a backup of a database at work", () => {
  it("holds everything committed before it, of one moment, and starts by itself", async () => {
    const folder = bench.newFolder();
    const { url } = await bench.start(folder);
    await connected(url, (client) => client.query(TABLES));
    await writeFile(path.join(folder, "secret.key"), "the key\n", { mode: 0o600 });
    const writer = keepWriting(url);
    await until(async () => writer.last() > 100);
    const before = writer.last();
    const copy = newCopy();
    const { folder: made, bytes } = await backUpFolder(folder, copy);
    const after = writer.last() + 1;
    await writer.stop();
    expect(made).toBe(copy);
    expect(bytes).toBeGreaterThan(10_000_000);
    expect((await readdir(copy)).toSorted()).toEqual(["password", "postgres", "secret.key"]);
    // Its own server does not mind, and no slot keeps its log for ever.
    const slots = await connected(url, (client) => client.query("select from pg_replication_slots"));
    expect(slots.rowCount).toBe(0);

    bench.watchOver(copy);
    const restored = await bench.start(copy);
    const [row] = await connected(restored.url, async (client) => {
      const { rows } = await client.query<{ last: number; count: number; twins: number }>(
        `select max(n) as last, count(*)::int as count, (select count(*)::int from twin) as twins from kept`,
      );
      return rows;
    });
    const { last = 0, count, twins } = row ?? {};
    expect(last).toBeGreaterThanOrEqual(before);
    expect(last).toBeLessThanOrEqual(after);
    expect([count, twins]).toEqual([last, last]);
  });

  it("leaves nothing where it failed", async () => {
    const folder = bench.newFolder();
    const { url } = await bench.start(folder);
    await connected(url, (client) => client.query(TABLES));
    const copy = newCopy();
    const failing = refusalOf(copy, folder);
    const ended = await connected(url, async (client) => {
      let count: number | null = 0;
      while (count === 0) {
        ({ rowCount: count } = await client.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'carillon backup'",
        ));
      }
      return count;
    });
    expect(ended).toBe(1);
    expect(await failing).toMatch(
      /^The backup of .* failed \(.+\)\. Nothing is left of it: start it again\.$/,
    );
    expect((await readdir(bench.base())).filter((name) => name.startsWith(path.basename(copy)))).toEqual([]);
  });
});

describe("a backup of a stopped database", () => {
  it("is a copy that starts", async () => {
    const folder = bench.usedFolder();
    const { url, stop } = await bench.start(folder);
    await connected(url, (client) => client.query("create table copied as select 7 as n"));
    await stop();
    const copy = newCopy();
    await backUpFolder(folder, copy);
    bench.watchOver(copy);
    const restored = await bench.start(copy);
    const { rows } = await connected(restored.url, (client) => client.query("select n from copied"));
    expect(rows).toEqual([{ n: 7 }]);
  });
});

describe("a backup is refused", () => {
  it("to a folder that exists, or lies in the one that is copied", async () => {
    const folder = bench.usedFolder();
    await bench.start(folder);
    expect(await refusalOf(bench.base(), folder)).toBe(
      `${bench.base()} exists already. Name a folder that does not.`,
    );
    const inside = path.join(folder, "copy");
    expect(await refusalOf(inside, folder)).toBe(
      `${inside} lies in the folder that is backed up. Name a folder outside of ${folder}.`,
    );
  });

  it("of a folder without a database", async () => {
    const folder = path.join(bench.base(), "nothing");
    expect(await refusalOf(newCopy(), folder)).toBe(
      `There is no database in ${folder} to back up. Set DATA_DIR to its folder.`,
    );
  });
});
