import { chmod, cp, lstat, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Binaries, findBinaries, nativeFolder, provenVersion } from "./binaries.ts";
import { run } from "./run.ts";

let base: string;
let installed: Binaries;

beforeAll(async () => {
  base = await mkdtemp("/tmp/carillon-binaries-");
  await chmod(base, 0o755);
  installed = await findBinaries();
});

afterAll(() => rm(base, { recursive: true }));

describe("the bundled programs", () => {
  it("are those of PostgreSQL 18", () => {
    expect(installed.version).toMatch(/^18\.\d+$/);
    expect(path.isAbsolute(installed.initdb)).toBe(true);
  });

  it.each([
    ["aix", "ppc64", "none for aix-ppc64"],
    ["linux", "riscv64", "none for linux-riscv64"],
    ["win32", "arm64", "none for win32-arm64"],
  ] as const)("are refused on %s %s, with the way out", async (platform, arch, reason) => {
    await expect(findBinaries(platform, arch)).rejects.toMatchObject({
      code: "unsupported_platform",
      message: expect.stringMatching(new RegExp(`${reason}.*DATABASE_URL`)),
    });
  });

  it("are refused when npm has not installed them", async () => {
    const absent = process.platform === "win32" ? "linux" : "win32";
    await expect(findBinaries(absent, "x64")).rejects.toMatchObject({
      code: "unsupported_platform",
      message: expect.stringContaining("is not installed"),
    });
  });

  it("are refused where their C library is missing, as on Alpine", async () => {
    const postgres = path.join(base, "alpine", "bin", "postgres");
    await cp("/bin/true", postgres);
    // The kernel returns the same error for a missing loader as for a missing interpreter.
    await writeFile(postgres, "#!/lib/no-such-loader.so\n", { mode: 0o755 });
    await expect(provenVersion({ ...installed, postgres })).rejects.toMatchObject({
      code: "unsupported_platform",
      message: expect.stringMatching(/needs glibc.*Alpine.*DATABASE_URL/),
    });
  });
});

describe("an installation that was not allowed to run its script", () => {
  it("gets its library links and modes", async () => {
    const native = path.join(base, "scriptless", "native");
    await cp(nativeFolder(installed), native, { recursive: true, verbatimSymlinks: true });
    for (const name of await readdir(path.join(native, "lib"))) {
      const file = path.join(native, "lib", name);
      if ((await lstat(file)).isSymbolicLink()) await rm(file);
    }
    const programs = {
      postgres: path.join(native, "bin", "postgres"),
      initdb: path.join(native, "bin", "initdb"),
      pg_ctl: path.join(native, "bin", "pg_ctl"),
    };
    await chmod(programs.initdb, 0o644);
    expect(await provenVersion(programs)).toBe(installed.version);
    expect((await stat(programs.initdb)).mode & 0o111).toBe(0o111);
    expect(await run(programs.initdb, ["--version"])).toMatchObject({ code: 0 });
  });
});
