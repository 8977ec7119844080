import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, readFile, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { onDatabase as it } from "../packages/server/test/fixture.ts";
import { until } from "../packages/server/test/harness.ts";
import { temporaryFolder } from "../packages/server/test/temporary-folder.ts";
import { CLI, command, type Ended } from "./support/command.ts";

/** What an operator on call sees: starts that fail, and a disk that fills up. One line says what is wrong. */
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder("start");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ROOT = process.geteuid?.() === 0;
const SECRET_KEY = "a-secret-key-for-e2e";

/** Exits with this on standard error and nothing on standard output. */
async function refusalOf(env: Record<string, string>, args = ["start"]): Promise<string> {
  await using start = command([CLI, ...args], { DATA_DIR: join(folder, "refused"), PORT: "0", ...env });
  const { code, stdout, stderr } = await start.ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  return stderr;
}

async function occupyPort(): Promise<{ port: string; free: () => Promise<unknown> }> {
  const occupant = createServer().listen(0, "127.0.0.1");
  await once(occupant, "listening");
  return {
    port: String((occupant.address() as AddressInfo).port),
    free() {
      occupant.close();
      return once(occupant, "close");
    },
  };
}

describe("a start that fails", () => {
  it("names every invalid setting, a line each, before it creates anything", async () => {
    expect(await refusalOf({ PORT: "many", LOG_LEVEL: "loud" })).toBe(
      [
        'carillon start: PORT must be a whole number from 0 to 65535, but is "many".',
        'carillon start: LOG_LEVEL must be silent, error, warn, info or debug, but is "loud".',
        "",
      ].join("\n"),
    );
    await expect(mkdir(join(folder, "refused"))).resolves.toBeUndefined();
  });

  it.skipIf(process.platform !== "linux")(
    "exits at once for a folder that can never be created",
    async () => {
      expect(await refusalOf({ DATA_DIR: "/proc/carillon" })).toMatch(
        /^carillon start: Carillon cannot write to \/proc\/carillon \([^\n]+\)\. [^\n]*DATA_DIR[^\n]*\n$/,
      );
    },
  );

  it("says what is wrong with a DATABASE_URL", async () => {
    expect(await refusalOf({ DATABASE_URL: "postgres://u:p@127.0.0.1:1/d", SECRET_KEY })).toBe(
      "carillon start: Nothing listens at 127.0.0.1:1, where DATABASE_URL leads. Start PostgreSQL there, or correct DATABASE_URL.\n",
    );
  });
});

describe("credentials", () => {
  it("are shown by the first start that comes up, not lost by one whose port is taken", async ({
    newDatabaseUrl: DATABASE_URL,
  }) => {
    const { port, free } = await occupyPort();
    const settings = { DATABASE_URL, SECRET_KEY, PORT: port };
    expect(await refusalOf(settings)).toBe(
      `carillon start: Port ${port} on 127.0.0.1 is taken. Stop what uses it, or set PORT.\n`,
    );
    await free();
    await using server = command([CLI, "start"], settings);
    await server.says(/service token {5}\S+/);
  });

  it("are shown by the winner, when two start on one new database and one port", async ({
    newDatabaseUrl: DATABASE_URL,
  }) => {
    const { port, free } = await occupyPort();
    await free();
    const settings = { DATABASE_URL, SECRET_KEY, PORT: port };
    await using one = command([CLI, "start"], settings);
    await using other = command([CLI, "start"], settings);
    const { loser, winner } = await Promise.race([
      one.ended.then((ended) => ({ loser: ended, winner: other })),
      other.ended.then((ended) => ({ loser: ended, winner: one })),
    ]);
    expect(loser).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Port ${port} on 127.0.0.1 is taken`),
    });
    await winner.says(/service token {5}\S+/);
    expect(loser.stdout).not.toContain("service token");
  });
});

describe("a stop that takes longer than its limit", () => {
  it("does not leave the embedded database behind", async () => {
    const DATA_DIR = join(folder, "slow");
    await using server = command([CLI, "start"], { DATA_DIR, PORT: "0", SHUTDOWN_SECONDS: "1" });
    const [, port = ""] = await server.says(/base URL +http:\/\/[^:]+:(\d+)/);
    const client = await neverEnding(port);
    const pidFile = join(await homeOf(DATA_DIR), "postgres", "postmaster.pid");
    await access(pidFile);
    const { code, stderr } = await server.stop();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("work was still in flight after 1 s"),
    });
    client.destroy();
    // PostgreSQL takes it away when it has ended, and never before.
    await expect(access(pidFile)).rejects.toThrow("ENOENT");
  });
});

describe("a second signal to stop", () => {
  it("ends the process at once, and the embedded database with it, which recovers at the next start", async () => {
    const DATA_DIR = join(folder, "impatient");
    const settings = { DATA_DIR, PORT: "0", SHUTDOWN_SECONDS: "60" };
    await using server = command([CLI, "start"], settings);
    const [, port = ""] = await server.says(/base URL +http:\/\/[^:]+:(\d+)/);
    const [, key = ""] = await server.says(/API key +(\S+)/);
    const event = { event: "Stopped", distinct_id: "ann", $idempotency_key: "once" };
    const track = async (to: string) => {
      const response = await fetch(`http://127.0.0.1:${to}/v2/event/`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(event),
      });
      return { status: response.status, body: await response.json() };
    };
    const accepted = await track(port);
    expect(accepted.status).toBe(202);
    const client = await neverEnding(port);
    const pidFile = join(await homeOf(DATA_DIR), "postgres", "postmaster.pid");
    let ended: Ended | undefined;
    // For a second, signals count as the same one.
    await until(async () => {
      void server.stop().then((end) => (ended = end));
      return ended !== undefined;
    });
    expect(ended).toMatchObject({ code: 143 });
    client.destroy();
    // It is asked to end, not waited for.
    await until(() =>
      access(pidFile).then(
        () => false,
        () => true,
      ),
    );

    await using again = command([CLI, "start"], { ...settings, LOG_LEVEL: "info" });
    const [, url = ""] = await again.says(/"url":"[^"]+:(\d+)"/);
    expect(await track(url)).toEqual(accepted);
  });
});

describe("carillon backup", () => {
  it("copies the database of a running server, which goes on in the copy with the same keys", async () => {
    const settings = { PORT: "0", LOG_LEVEL: "info" };
    const original = { ...settings, DATA_DIR: join(folder, "original") };
    const restored = { ...settings, DATA_DIR: join(folder, "restored") };
    await using server = command([CLI, "start"], original);
    const [, url = ""] = await server.says(/base URL +(\S+)\//);
    const [, key = ""] = await server.says(/API key +(\S+)/);
    const track = async (to: string, distinct_id: string) => {
      const response = await fetch(`${to}/v2/event/`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ event: "Moved", distinct_id, $idempotency_key: distinct_id }),
      });
      return (await response.json()) as { status: string; message_id: string };
    };
    const before = await track(url, "before");
    expect(before.status).toBe("success");

    await using copying = command([CLI, "backup", restored.DATA_DIR], original);
    expect(await copying.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`DATA_DIR=${restored.DATA_DIR} starts from it`),
    });
    const after = await track(url, "after");

    await using copy = command([CLI, "start"], restored);
    const [, copyUrl = ""] = await copy.says(/"url":"([^"]+)"/);
    expect(copy.output()).not.toContain("API key");
    // The key of what was accepted before is known there, and that of what came later is not.
    expect(await track(copyUrl, "before")).toEqual(before);
    expect((await track(copyUrl, "after")).message_id).not.toBe(after.message_id);
    expect(await refusalOf(original, ["backup", restored.DATA_DIR])).toBe(
      `carillon backup: ${restored.DATA_DIR} exists already. Name a folder that does not.\n`,
    );
  });

  it("leaves a PostgreSQL of one's own to its own tools", async () => {
    const settings = { DATABASE_URL: "postgres://u:p@127.0.0.1:1/d", SECRET_KEY };
    expect(await refusalOf(settings, ["backup", join(folder, "none")])).toBe(
      "carillon backup: DATABASE_URL names a PostgreSQL of your own: back it up with its own tools, and SECRET_KEY apart from it.\n",
    );
  });
});

/** A request whose body never comes to its end is waited for. */
async function neverEnding(port: string): Promise<Socket> {
  const client = connect(Number(port), "127.0.0.1");
  client.on("error", () => {});
  client.write("POST /trigger/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
  await once(client, "connect");
  await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok);
  return client;
}

/** Where the data is: as root another place may have been found for it. */
async function homeOf(dataDir: string): Promise<string> {
  const text = await readFile(join(dataDir, "where-the-database-is.txt"), "utf8").catch(() => "");
  return /^\/\S+$/m.exec(text)?.[0] ?? dataDir;
}

describe("carillon keys --new-workspace", () => {
  it("says what is wrong with a name in one line", async ({ newDatabaseUrl: DATABASE_URL }) => {
    const settings = { DATABASE_URL, SECRET_KEY };
    const make = (slug: string) => refusalOf(settings, ["keys", "--new-workspace", slug]);
    expect(await make("Bad Slug!")).toBe(
      'carillon keys: "Bad Slug!" cannot name a workspace: take up to 63 of a-z, 0-9, "-" and "_", a letter or a digit first\n',
    );
    await using made = command([CLI, "keys", "--new-workspace", "prod"], settings);
    expect((await made.ended).code).toBe(0);
    expect(await make("prod")).toBe(
      'carillon keys: there is a workspace "prod" already; `--workspace prod` shows it\n',
    );
  });
});

describe("a full disk", () => {
  it.skipIf(!ROOT)(
    "is reported to clients and monitors, and needs only free space to recover",
    async ({ skip }) => {
      const disk = join(folder, "disk");
      await mkdir(disk);
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=160m,mode=755", "none", disk]).status !== 0) skip();
      try {
        await using server = command([CLI, "start"], {
          DATA_DIR: join(disk, "data"),
          PORT: "0",
          LOG_LEVEL: "info",
        });
        const [, url = ""] = await server.says(/base URL +(\S+)\//);
        const [, key = ""] = await server.says(/API key +(\S+)/);
        const [, token = ""] = await server.says(/service token +(\S+)/);
        const track = (distinct_id: string) =>
          fetch(`${url}/v2/event/`, {
            method: "POST",
            headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
            // Too long to fit where earlier ones were.
            body: JSON.stringify({ event: "MOVED", distinct_id, properties: { text: "x".repeat(20_000) } }),
          });
        const readiness = async () => {
          const response = await fetch(`${url}/readyz`);
          const { reason } = (await response.json()) as { reason?: string };
          return { status: response.status, reason };
        };
        const acknowledged: string[] = [];
        const note = async (response: Response) => {
          if (response.status === 202)
            acknowledged.push(((await response.json()) as { message_id: string }).message_id);
          return response;
        };
        expect((await note(await track("before"))).status).toBe(202);
        expect(await readiness()).toMatchObject({ status: 200 });

        spawnSync("sh", ["-c", `cat /dev/zero > ${disk}/ballast`]);
        const refused = await until(async () => {
          const response = await note(await track("during"));
          return response.status === 503 ? ((await response.json()) as { message: string }) : null;
        });
        expect(refused.message).toBe(
          "the disk of the database is full; send the request again when there is room",
        );
        expect(await readiness()).toMatchObject({ status: 503, reason: "the disk of the database is full" });
        expect(await (await fetch(`${url}/metrics`)).text()).toContain("carillon_database_full 1");

        await rm(join(disk, "ballast"));
        await until(async () => (await readiness()).status === 200);
        expect((await note(await track("after"))).status).toBe(202);
        const log = await fetch(`${url}/v1/staging/log/request/?limit=100`, {
          headers: { authorization: `ServiceToken ${token}` },
        });
        const kept = await log.text();
        for (const id of acknowledged) expect(kept).toContain(id);
      } finally {
        spawnSync("umount", [disk]);
      }
    },
  );
});
