import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeFolder } from "./folder.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), "carillon-folder-"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

it("creates missing folders, and accepts existing ones", async () => {
  const folder = path.join(base, "a/b b/通知");
  await Promise.all([makeFolder(folder), makeFolder(folder)]);
  expect((await stat(folder)).isDirectory()).toBe(true);
  await makeFolder(folder);
  await makeFolder("/");
  await mkdir(path.join(base, "real"));
  await symlink(path.join(base, "real"), path.join(base, "link"));
  await makeFolder(path.join(base, "link"));
});

it("reports a folder that cannot exist", async () => {
  await writeFile(path.join(base, "file"), "");
  await symlink(path.join(base, "nowhere"), path.join(base, "dangling"));
  await expect(makeFolder(path.join(base, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(path.join(base, "file/below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  await expect(makeFolder(path.join(base, "dangling"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(path.join(base, "x".repeat(300)))).rejects.toMatchObject({ code: "ENAMETOOLONG" });
});

it.skipIf(process.platform !== "linux")("returns on a file system that holds no folders", async () => {
  await expect(makeFolder("/proc/x")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(makeFolder("/proc/x/y/z")).rejects.toMatchObject({ code: "ENOENT" });
});
