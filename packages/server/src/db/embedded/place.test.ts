import { spawnSync } from "node:child_process";
import { chown, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { findServer } from "./pid-file.ts";
import { kill, NOBODY, recall, remember, ROOT, urlOf, useBench } from "./test-bench.ts";

const { base, newFolder, usedFolder, start, refusal, startOwner, stopAll } = useBench();

describe.skipIf(!ROOT)("for root and for others", () => {
  it("keeps everything in the folder for an ordinary user, and root may step in for that user", async () => {
    const folder = newFolder();
    await mkdir(path.dirname(folder));
    await chown(path.dirname(folder), NOBODY.uid, NOBODY.gid);
    const owner = startOwner(folder, NOBODY);
    const word = await remember(await urlOf(owner));
    expect((await owner.outcome).dataDir).toBe(folder);
    expect((await refusal(folder)).code).toBe("already_running");
    await kill(owner.child);

    const asRoot = await start(folder);
    expect(await recall(asRoot.url)).toBe(word);
    expect(await userOfServer(folder)).toBe(NOBODY.uid);
    await asRoot.stop();

    const again = startOwner(folder, NOBODY);
    expect(await recall(await urlOf(again))).toBe(word);
  });

  it("runs the server as an ordinary account, also on data that root restored", async () => {
    const folder = newFolder();
    const first = await start(folder);
    const word = await remember(first.url);
    expect(first.dataDir).toBe(folder);
    expect(await userOfServer(folder)).not.toBe(0);
    await first.stop();
    spawnSync("chown", ["-R", "0:0", folder]);
    const second = await start(folder);
    expect(await recall(second.url)).toBe(word);
    expect(await userOfServer(folder)).not.toBe(0);
  });

  it("says what to do where root may not change users", async () => {
    const powerless = ["setpriv", "--bounding-set=-setuid,-setgid"];
    for (const folder of [newFolder(), usedFolder()]) {
      expect(await startOwner(folder, {}, powerless).outcome).toMatchObject({
        code: "start_failed",
        message: expect.stringMatching(/run Carillon as an ordinary user, or set DATABASE_URL/),
      });
    }
  });

  it("keeps the data in a place of its own when that account cannot enter root's folder", async () => {
    const project = path.join(base(), "private");
    await mkdir(project, { mode: 0o700 });
    const folder = path.join(project, ".carillon");
    const owner = startOwner(folder);
    const word = await remember(await urlOf(owner));
    const home = (await owner.outcome).dataDir ?? "";
    try {
      expect(home).toMatch(/^\/var\/lib\/carillon\/[0-9a-f]{16}$/);
      const modes = await Promise.all([home, path.join(home, "postgres")].map((folder) => stat(folder)));
      expect(modes.map(({ mode, uid }) => [mode & 0o777, uid === 0])).toEqual([
        [0o711, true],
        [0o700, false],
      ]);
      expect((await stat(project)).mode & 0o777).toBe(0o700);
      expect(await readFile(path.join(folder, "where-the-database-is.txt"), "utf8")).toContain(home);
      expect((await refusal(folder)).code).toBe("already_running");

      await kill(owner.child);
      const second = await start(folder);
      expect(second.dataDir).toBe(home);
      expect(await recall(second.url)).toBe(word);
      await second.stop();

      await rename(project, `${project}-moved`);
      const moved = await refusal(path.join(`${project}-moved`, ".carillon"));
      expect(moved.code).toBe("start_failed");
      expect(moved.message).toMatch(/was moved or copied: its database is in \/var\/lib\/carillon/);
      await rename(`${project}-moved`, project);

      await rename(home, `${home}-away`);
      expect((await refusal(folder)).message).toMatch(/is gone\. Put it back/);
      await rename(`${home}-away`, home);
      expect(await recall((await start(folder)).url)).toBe(word);
    } finally {
      await stopAll();
      await rm(home, { recursive: true, force: true });
    }
  });
});

async function userOfServer(folder: string): Promise<number | undefined> {
  const server = await findServer({ cluster: path.join(folder, "postgres") });
  return server === undefined ? undefined : (await stat(`/proc/${server.pid}`)).uid;
}
