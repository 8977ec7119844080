import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { canEnter, chooseAccount } from "./os-user.ts";
import type { Account } from "./run.ts";

const account = (name: string): Account => ({ name, uid: 500, gid: 500 });

describe("the account that runs the server for root", () => {
  it.each([
    [["carillon", "postgres", "nobody"], true, "carillon", []],
    [["postgres", "nobody"], true, "postgres", []],
    [["nobody"], true, "carillon", ["carillon"]],
    [["nobody"], false, "nobody", ["carillon"]],
  ])("of %j, with creation %s, is %s", async (names, creates, chosen, created) => {
    const known = new Set(names);
    const asked: string[] = [];
    const answer = await chooseAccount({
      find: async (name) => (known.has(name) ? account(name) : undefined),
      create: async (name) => {
        asked.push(name);
        if (creates) known.add(name);
      },
    });
    expect(answer.name).toBe(chosen);
    expect(asked).toEqual(created);
  });

  it("is asked for when the system has none", async () => {
    const none = { find: async () => undefined, create: async () => {} };
    await expect(chooseAccount(none)).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringContaining("Add a user named carillon"),
    });
  });
});

describe("whether an account can enter a folder", () => {
  it("depends on every folder above it, and on whose it is", async () => {
    const base = await mkdtemp("/tmp/carillon-enter-");
    const deep = path.join(base, "a", "b");
    await mkdir(deep, { recursive: true });
    const uid = process.geteuid?.() ?? 0;
    const gid = process.getegid?.() ?? 0;
    const stranger = { name: "stranger", uid: uid + 1, gid: gid + 1 };
    const member = { name: "member", uid: uid + 1, gid };
    const owner = { name: "owner", uid, gid };
    const who = async () => [
      await canEnter(deep, owner),
      await canEnter(deep, member),
      await canEnter(deep, stranger),
    ];
    try {
      expect(await who()).toEqual([true, false, false]);
      await chmod(base, 0o711);
      expect(await who()).toEqual([true, true, true]);
      await chmod(path.join(base, "a"), 0o750);
      expect(await who()).toEqual([true, true, false]);
      await chmod(deep, 0o701);
      expect(await who()).toEqual([true, false, false]);
    } finally {
      await rm(base, { recursive: true });
    }
  });
});
