import { LOCKS } from "./locks.ts";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { Client } from "pg";
import { describe, expect, it, vi } from "vitest";
import type { EmbeddedPostgresError } from "./embedded.ts";
import { findServer, readPidFile } from "./embedded/pid-file.ts";
import { kill, NOBODY, query, recall, remember, ROOT, urlOf, useBench } from "./embedded/test-bench.ts";

const { base, newFolder, usedFolder, start, refusal, startOwner, lines, stopAll, watchOver } = useBench();

describe("the first start and the ones after it", () => {
  it("makes a durable, loopback-only UTF-8 database that knows Unicode's cases", async () => {
    const database = await start(newFolder());
    const [row] = await query(
      database.url,
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
              current_setting('data_checksums') as checksums, current_setting('listen_addresses') as listens,
              current_setting('unix_socket_directories') as sockets, current_setting('jit') as jit,
              current_database() as name, pg_encoding_to_char(encoding) as encoding,
              (select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = current_user) as scram,
              lower('ÀÉ') as lower, (select string_agg(w, '' order by w) from unnest('{a,B,é}'::text[]) w) as sorted
         from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({
      fsync: "on",
      commit: "on",
      checksums: "on",
      listens: "127.0.0.1",
      sockets: "",
      jit: "off",
      name: "carillon",
      encoding: "UTF8",
      scram: true,
      lower: "àé",
      sorted: "Baé",
    });
  });

  it("keeps the data through a stop and a start, and stops as often as it is asked to", async () => {
    const folder = usedFolder();
    const first = await start(folder);
    const word = await remember(first.url);
    await Promise.all([first.stop(), first.stop()]);
    await first.stop();
    expect(await findServer({ cluster: path.join(folder, "postgres") })).toBeUndefined();
    const second = await start(folder);
    expect(await recall(second.url)).toBe(word);
    expect(await readFile(path.join(folder, "postgres.log"), "utf8")).not.toContain("not properly shut down");
  });

  it("obeys settings and a port, but never listens elsewhere", async () => {
    const port = await freePort();
    const settings = { max_connections: "20", listen_addresses: "0.0.0.0", port: "1" };
    const { url } = await start(usedFolder(), { port, settings });
    expect(new URL(url).port).toBe(String(port));
    const [row] = await query(
      url,
      "select current_setting('max_connections') as max, current_setting('listen_addresses') as listens",
    );
    expect(row).toEqual({ max: "20", listens: "127.0.0.1" });
  });

  it("works in a folder whose name has spaces, quotes and other alphabets", async () => {
    const folder = path.join(newFolder(), `it's "a" dossier — 通知 $HOME`);
    watchOver(folder);
    const word = await remember((await start(folder)).url);
    await stopAll();
    expect(await recall((await start(folder)).url)).toBe(word);
  });
});

describe("the password", () => {
  it("is in its private file alone: in no log, no argument and no environment", async () => {
    const folder = usedFolder();
    const { url } = await start(folder);
    const password = new URL(url).password;
    expect(password.length).toBeGreaterThan(30);
    const server = await readPidFile(path.join(folder, "postgres"));
    const seen = [
      lines.join("\n"),
      await readFile(path.join(folder, "postgres.log"), "utf8"),
      await readFile(`/proc/${server?.pid}/cmdline`, "utf8").catch(() => ""),
      await readFile(`/proc/${server?.pid}/environ`, "utf8").catch(() => ""),
    ];
    expect(seen.join("\n")).not.toContain(password);
    expect((await stat(path.join(folder, "password"))).mode & 0o777).toBe(0o600);
    await expect(query(url.replace(password, "guess"), "select")).rejects.toThrow(
      /password authentication failed/,
    );
  });

  it("is reset when its file is missing, and a wrong one is refused with the remedy", async () => {
    const folder = usedFolder();
    const first = await start(folder);
    const word = await remember(first.url);
    await first.stop();

    await writeFile(path.join(folder, "password"), "not-this-one\n");
    const { code, message } = await refusal(folder);
    expect({ code, message }).toEqual({
      code: "start_failed",
      message: expect.stringContaining("Delete the file"),
    });

    await rm(path.join(folder, "password"));
    const second = await start(folder);
    expect(await recall(second.url)).toBe(word);
    expect(second.url).not.toContain(new URL(first.url).password);
  });
});

describe("crashes", () => {
  it("takes over the server of a Carillon that was killed, with all that was committed", async () => {
    const folder = usedFolder();
    const owner = startOwner(folder);
    const word = await remember(await urlOf(owner));
    const orphan = await findServer({ cluster: path.join(folder, "postgres") });
    await kill(owner.child);
    expect(isAlive(orphan?.pid ?? 0)).toBe(true);

    const { url } = await start(folder);
    expect(await recall(url)).toBe(word);
    expect(lines).toEqual([expect.stringContaining(`process ${orphan?.pid}`)]);
    expect((await findServer({ cluster: path.join(folder, "postgres") }))?.pid).not.toBe(orphan?.pid);
  });

  it("stops an orphan that hangs on open transactions of its clients", async () => {
    const folder = usedFolder();
    const owner = startOwner(folder);
    const client = new Client(await urlOf(owner));
    client.on("error", () => {});
    await client.connect();
    await client.query("begin; create table half_done ()");
    await kill(owner.child);
    const { url } = await start(folder);
    expect(await query(url, "select to_regclass('half_done') as it")).toEqual([{ it: null }]);
    await client.end();
  });

  it("recovers from a kill in the middle of the first start and leaves nothing behind", async () => {
    const folder = newFolder();
    const owner = startOwner(folder);
    const drafts = () =>
      readdir(folder).then(
        (names) => names.filter((name) => name.includes("init-")),
        () => [],
      );
    await vi.waitUntil(
      async () => {
        const [draft] = await drafts();
        return draft !== undefined && (await readdir(path.join(folder, draft))).length > 0;
      },
      { timeout: 10_000, interval: 2 },
    );
    await kill(owner.child);
    expect(await drafts()).toHaveLength(1);
    expect(await readdir(folder)).not.toContain("postgres");

    const { url } = await start(folder);
    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(await drafts()).toEqual([]);
  });

  it("reports a server that dies, and starts again with its data", async () => {
    const folder = usedFolder();
    let told: (line: string) => void = () => {};
    const exit = new Promise<string>((resolve) => (told = resolve));
    const first = await start(folder, { onExit: told });
    const word = await remember(first.url);
    process.kill((await readPidFile(path.join(folder, "postgres")))?.pid ?? 0, "SIGKILL");
    expect(await exit).toMatch(/^PostgreSQL ended unexpectedly \(.+\)\. See .+postgres\.log\.$/);
    await first.stop();
    const second = await start(folder);
    expect(await recall(second.url)).toBe(word);
  });

  it("does not report a requested exit", async () => {
    const heard: string[] = [];
    const database = await start(usedFolder(), { onExit: (line: string) => heard.push(line) });
    await database.stop();
    expect(heard).toEqual([]);
  });

  it("takes the owner's lock again after a crash of one server process has ended every session", async () => {
    const database = await start(usedFolder());
    const holders = () =>
      query(
        database.url,
        `select pid from pg_locks where locktype = 'advisory' and objid = ${LOCKS.embedded_owner}`,
      );
    const [before] = await holders();
    process.kill(Number(before?.["pid"]), "SIGKILL");
    const after = await vi.waitUntil(
      async () => (await holders().catch(() => [])).find((row) => row["pid"] !== before?.["pid"]),
      { timeout: 10_000 },
    );
    expect(after?.["pid"]).toBeTypeOf("number");
  });

  it.each([
    ["a recycled process id", (pid: number) => `${pid}\n`],
    ["an empty file", () => ""],
    ["rubbish", () => "\0\0\0garbage"],
    ["a dead process", () => "4194304\n"],
  ])("starts over a stale postmaster.pid with %s and harms nobody", async (_, firstLine) => {
    const folder = usedFolder();
    const cluster = path.join(folder, "postgres");
    const first = await start(folder);
    const rest = (await readFile(path.join(cluster, "postmaster.pid"), "utf8")).replace(/^.*\n/, "");
    await first.stop();

    // PostgreSQL only considers processes of its own user.
    const { uid, gid } = await stat(cluster);
    const bystander = spawn("sleep", ["60"], ROOT ? { uid, gid } : {});
    await once(bystander, "spawn");
    const line = firstLine(bystander.pid ?? 0);
    await writeFile(path.join(cluster, "postmaster.pid"), line === "" ? "" : line + rest, { mode: 0o600 });
    await chown(path.join(cluster, "postmaster.pid"), uid, gid);
    try {
      const second = await start(folder);
      expect(await query(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
      expect(isAlive(bystander.pid ?? 0)).toBe(true);
    } finally {
      await kill(bystander);
    }
  });
});

it("never writes through a link in place of postmaster.pid", async () => {
  const folder = newFolder();
  const link = path.join(folder, "postgres", "postmaster.pid");
  const target = path.join(base(), "precious");
  await (await start(folder)).stop();
  await writeFile(target, "1\n");
  await symlink(target, link);
  expect((await refusal(folder)).code).toBe("start_failed");
  expect(await readFile(target, "utf8")).toBe("1\n");
});

describe("two on one folder", () => {
  it("refuses the second, in this process and in another, and does not disturb the first", async () => {
    const folder = usedFolder();
    const first = startOwner(folder);
    const word = await remember(await urlOf(first));
    const { code, message } = await refusal(folder);
    expect(code).toBe("already_running");
    expect(message).toContain(folder);
    expect(message).toMatch(/Stop that one first, or .*another folder/);
    expect(await recall(await urlOf(first))).toBe(word);

    await kill(first.child);
    const mine = await start(folder);
    expect((await refusal(folder)).code).toBe("already_running");
    expect((await startOwner(folder).outcome).code).toBe("already_running");
    expect(await recall(mine.url)).toBe(word);
  });

  it("lets exactly one of several win on a fresh folder and on a stopped one", async () => {
    const folder = newFolder();
    for (const round of ["fresh", "stopped"]) {
      const rivals = [startOwner(folder), startOwner(folder)];
      const own = Promise.allSettled([start(folder), start(folder)]);
      const outcomes = await Promise.all(rivals.map((rival) => rival.outcome));
      const [...settled] = await own;
      const codes = [
        ...outcomes.map(({ code }) => code ?? "won"),
        ...settled.map((one) =>
          one.status === "fulfilled" ? "won" : (one.reason as EmbeddedPostgresError).code,
        ),
      ];
      expect({ round, codes: codes.sort() }).toEqual({
        round,
        codes: ["already_running", "already_running", "already_running", "won"],
      });
      await stopAll();
      await Promise.all(rivals.map((rival) => kill(rival.child)));
    }
  });

  it("detects a running owner even when its lock file was deleted", async () => {
    const folder = usedFolder();
    const owner = startOwner(folder);
    const word = await remember(await urlOf(owner));
    await rm(path.join(folder, "owner.lock"));
    expect((await refusal(folder)).code).toBe("already_running");
    expect(await recall(await urlOf(owner))).toBe(word);
  });
});

describe("refusals", () => {
  it("names the port that is taken, leaves nothing behind and starts once it is free", async () => {
    const folder = usedFolder();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const port = (server.address() as { port: number }).port;
    const { code, message } = await refusal(folder, { port });
    expect({ code, message }).toEqual({
      code: "port_taken",
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    expect(await findServer({ cluster: path.join(folder, "postgres") })).toBeUndefined();
    server.close();
    await once(server, "close");
    expect(new URL((await start(folder, { port })).url).port).toBe(String(port));
  });

  it("refuses data of another version, a damaged folder and a bad setting, each with its reason", async () => {
    const folder = newFolder();
    const cluster = path.join(folder, "postgres");
    await (await start(folder)).stop();

    const bad = await refusal(folder, { settings: { shared_buffers: "lots" } });
    expect(bad.code).toBe("start_failed");
    expect(bad.message).toContain('invalid value for parameter "shared_buffers": "lots"');

    await writeFile(path.join(cluster, "PG_VERSION"), "16\n");
    const version = await refusal(folder);
    expect(version.code).toBe("wrong_version");
    expect(version.message).toMatch(/made by PostgreSQL 16 and this Carillon brings 18/);

    await writeFile(path.join(cluster, "PG_VERSION"), "18\n");
    await rename(path.join(cluster, "global"), path.join(cluster, "lost"));
    const lost = await refusal(folder);
    expect(lost.code).toBe("start_failed");
    expect(lost.message).toMatch(/is damaged: files of it are missing \(could not open file ".*pg_control"/);

    await rm(path.join(cluster, "PG_VERSION"));
    const damaged = await refusal(folder);
    expect(damaged.code).toBe("start_failed");
    expect(damaged.message).toMatch(/not a PostgreSQL data directory or is damaged/);
  });

  it("refuses an invalid lock file, by name", async () => {
    const folder = newFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "owner.lock"), "my notes ".repeat(100));
    expect(await refusal(folder)).toMatchObject({
      code: "start_failed",
      message: expect.stringContaining(path.join(folder, "owner.lock")),
    });
  });

  it("refuses a path that is a file", async () => {
    const file = path.join(base(), "file");
    await writeFile(file, "");
    expect((await refusal(file)).code).toBe("not_writable");
    expect((await refusal(path.join(file, "below"))).code).toBe("not_writable");
  });

  it.skipIf(!ROOT)(
    "refuses a folder that an ordinary user cannot write, or whose data is another's",
    async () => {
      const folder = newFolder();
      await mkdir(folder, { recursive: true });
      expect(await startOwner(folder, NOBODY).outcome).toMatchObject({
        code: "not_writable",
        message: expect.stringContaining(folder),
      });
      expect(await startOwner(path.join(folder, "new"), NOBODY).outcome).toMatchObject({
        code: "not_writable",
      });

      await (await start(folder)).stop();
      expect(await startOwner(folder, NOBODY).outcome).toMatchObject({ code: "not_writable" });
      await chmod(path.join(folder, "owner.lock"), 0o666);
      expect(await startOwner(folder, NOBODY).outcome).toMatchObject({
        code: "not_writable",
        message: expect.stringContaining("belongs to user"),
      });
    },
  );

  it.skipIf(process.platform !== "linux")("refuses a folder that can never be created, at once", async () => {
    expect(await refusal("/proc/carillon")).toMatchObject({
      code: "not_writable",
      message: expect.stringMatching(/cannot write to \/proc\/carillon .*DATA_DIR/),
    });
  });

  it.skipIf(!ROOT)(
    "reports that the disk is full and continues automatically when there is room",
    async (context) => {
      const disk = path.join(base(), "disk");
      await mkdir(disk);
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=20m,mode=755", "none", disk]).status !== 0)
        context.skip();
      try {
        const folder = path.join(disk, ".carillon");
        watchOver(folder);
        for (const size of [12, 20, 28]) {
          spawnSync("mount", ["-o", `remount,size=${size}m`, disk]);
          expect(await refusal(folder)).toMatchObject({
            code: "disk_full",
            message: expect.stringContaining(folder),
          });
        }
        expect((await readdir(folder)).filter((name) => name.startsWith("postgres"))).toEqual([]);

        spawnSync("mount", ["-o", "remount,size=100m", disk]);
        const first = await start(folder);
        const word = await remember(first.url);
        await first.stop();
        spawnSync("sh", ["-c", `cat /dev/zero > ${disk}/ballast`]);
        expect(await refusal(folder)).toMatchObject({ code: "disk_full" });

        await rm(path.join(disk, "ballast"));
        const database = await start(folder);
        expect(await recall(database.url)).toBe(word);
        await database.stop();
      } finally {
        spawnSync("umount", [disk]);
      }
    },
  );

  it.skipIf(!ROOT)("restarts automatically at its address when a full disk has ended it", async (context) => {
    const disk = path.join(base(), "filled");
    await mkdir(disk);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=120m,mode=755", "none", disk]).status !== 0)
      context.skip();
    try {
      const folder = path.join(disk, ".carillon");
      watchOver(folder);
      const ends: string[] = [];
      const database = await start(folder, { onExit: (line: string) => ends.push(line) });
      const word = await remember(database.url);
      const spoil = async (times: number) => {
        spawnSync("sh", ["-c", `cat /dev/zero > ${disk}/ballast`]);
        // Eventually there is no room for the next segment of the log: the server cannot continue.
        const isOver = () =>
          lines.filter((line) => line.includes("It comes back when there is room")).length === times;
        await vi.waitUntil(
          async () => {
            // A segment is only switched after something was written to it.
            await query(database.url, "select pg_logical_emit_message(true, 'test', 'more')").catch(() => {});
            await query(database.url, "select pg_switch_wal()").catch(() => {});
            return isOver();
          },
          { timeout: 15_000 },
        );
      };
      await spoil(1);
      await expect(query(database.url, "select")).rejects.toThrow(/ECONNREFUSED/);
      expect(database.isOutOfRoom()).toBe(true);

      await rm(path.join(disk, "ballast"));
      await vi.waitUntil(() => lines.some((line) => line.includes("PostgreSQL is back")), {
        timeout: 15_000,
      });
      expect(await recall(database.url)).toBe(word);
      expect(database.isOutOfRoom()).toBe(false);
      expect((await refusal(folder)).code).toBe("already_running");
      expect(ends).toEqual([]);

      await spoil(2);
      await database.stop();
      expect(ends).toEqual([]);
    } finally {
      await stopAll();
      spawnSync("umount", [disk]);
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
