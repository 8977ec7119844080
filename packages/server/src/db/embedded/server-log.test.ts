import { appendFile, chmod, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import type { Place } from "./place.ts";
import { openServerLog } from "./server-log.ts";

const MB = 1024 * 1024;

async function withHome(work: (place: Place, file: string) => Promise<void>): Promise<void> {
  const home = await mkdtemp("/tmp/carillon-log-");
  const binaries = { postgres: "", initdb: "", pg_ctl: "", version: "18.4" };
  const place = { folder: home, home, cluster: path.join(home, "postgres"), account: undefined, binaries };
  try {
    await work(place, path.join(home, "postgres.log"));
  } finally {
    await chmod(home, 0o700);
    await rm(home, { recursive: true });
  }
}

it("reads only what was written since this start, and only the end if it is long", async () => {
  await withHome(async (place, file) => {
    await writeFile(file, "of an earlier start\n");
    const log = await openServerLog(place);
    expect(await log.read()).toBe("");
    await appendFile(file, "now\n");
    expect(await log.read()).toBe("now\n");
    await appendFile(file, `${"x".repeat(MB)}the end`);
    const tail = await log.read();
    expect(tail.length).toBe(65_536);
    expect(tail.endsWith("the end")).toBe(true);
  });
});

it("rotates a full file under a server that keeps writing", async () => {
  await withHome(async (place, file) => {
    const log = await openServerLog(place);
    await using server = await open(file, "a");
    await server.write("a".repeat(15 * MB));
    await log.trim();
    expect((await stat(file)).size).toBe(15 * MB);
    await server.write("b".repeat(MB));
    await log.trim();
    await server.write("after");
    expect(await readFile(file, "utf8")).toBe("after");
    expect(await log.read()).toBe("after");
    expect((await stat(`${file}.1`)).size).toBe(16 * MB);
  });
});

it("starts with an empty file when the last one was full, readable by its owner alone", async () => {
  await withHome(async (place, file) => {
    await writeFile(file, "a".repeat(16 * MB), { mode: 0o600 });
    await openServerLog(place);
    expect((await stat(file)).size).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(`${file}.1`)).mode & 0o777).toBe(0o600);
  });
});
