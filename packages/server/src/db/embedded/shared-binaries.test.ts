import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Binaries, findBinaries, nativeFolder } from "./binaries.ts";
import { run } from "./run.ts";
import { shareBinaries } from "./shared-binaries.ts";

let base: string;
let installed: Binaries;

beforeAll(async () => {
  base = await mkdtemp("/tmp/carillon-shared-");
  await chmod(base, 0o755);
  installed = await findBinaries();
});

afterAll(() => rm(base, { recursive: true }));

describe("the programs for another account", () => {
  it("are complete, readable by everyone, made once for two at a time, and run", async () => {
    const [one, two] = await Promise.all([shareBinaries(installed, base), shareBinaries(installed, base)]);
    expect(one).toEqual(two);
    expect(one?.postgres).toBe(path.join(base, `postgresql-${installed.version}`, "bin", "postgres"));
    expect(await readdir(base)).toEqual([`postgresql-${installed.version}`]);
    const account = process.geteuid?.() === 0 ? { name: "nobody", uid: 65_534, gid: 65_534 } : undefined;
    expect(await run(one.postgres, ["--version"], { account })).toMatchObject({ code: 0 });
    const count = async (binaries: Binaries) =>
      (await readdir(nativeFolder(binaries), { recursive: true })).length;
    expect(await count(one)).toBeGreaterThanOrEqual((await count(installed)) - 1);
    expect(
      (await stat(path.join(nativeFolder(one), "share", "postgresql", "postgres.bki"))).mode & 0o777,
    ).toBe(0o644);
  });

  it("are opened up in the copy alone when the installation is private", async () => {
    const target = path.join(base, "private");
    const own = (await shareBinaries(installed, path.join(base, "own"))).postgres;
    await rm(own);
    await run("cp", [installed.postgres, own]);
    await chmod(own, 0o700);
    const programs = { ...installed, postgres: own, version: "18.0" };
    const copy = await shareBinaries(programs, target);
    expect((await stat(copy.postgres)).mode & 0o777).toBe(0o755);
    expect((await stat(own)).mode & 0o777).toBe(0o700);
  });

  it("leave no draft of a killed start, but that of one in progress", async () => {
    const place = path.join(base, "drafts");
    const [old, young] = [path.join(place, ".postgresql-old"), path.join(place, ".postgresql-young")];
    await mkdir(old, { recursive: true });
    await mkdir(young);
    await utimes(old, 0, 0);
    await shareBinaries(installed, place);
    expect((await readdir(place)).sort()).toEqual([".postgresql-young", `postgresql-${installed.version}`]);
  });
});
