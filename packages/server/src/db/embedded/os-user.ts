import { stat } from "node:fs/promises";
import path from "node:path";
import { EmbeddedPostgresError } from "./error.ts";
import { type Account, run } from "./run.ts";

/**
 * PostgreSQL refuses to run as root, so root runs it under another account. An account of our own is best, one that was
 * created for a PostgreSQL will do; `nobody` is shared with other programs and comes last.
 */
export interface Accounts {
  find: (name: string) => Promise<Account | undefined>;
  /** Tries to add a system account of that name; `find` shows whether it worked. */
  create: (name: string) => Promise<void>;
}

export async function chooseAccount({ find, create }: Accounts = systemAccounts): Promise<Account> {
  const existing = (await find("carillon")) ?? (await find("postgres"));
  if (existing !== undefined) return existing;
  await create("carillon");
  const chosen = (await find("carillon")) ?? (await find("nobody"));
  if (chosen !== undefined) return chosen;
  throw new EmbeddedPostgresError(
    "start_failed",
    "PostgreSQL must not run as root and this system has no other account for it. Add a user named carillon, run Carillon as an ordinary user, or set DATABASE_URL.",
  );
}

const systemAccounts: Accounts = {
  find: async (name) => {
    const [uid, gid] = await Promise.all([idOf("-u", name), idOf("-g", name)]);
    return uid === undefined || gid === undefined || uid === 0 ? undefined : { name, uid, gid };
  },
  create: async (name) => {
    const shell = "/usr/sbin/nologin";
    const ways: [string, ...string[]][] = [
      [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        shell,
        name,
      ],
      ["adduser", "--system", "--group", "--no-create-home", "--home", "/nonexistent", name],
      // Busybox
      ["adduser", "-S", "-H", "-D", "-s", "/sbin/nologin", name],
    ];
    for (const [program, ...args] of ways) {
      const done = await run(program, args).catch(() => undefined);
      if (done?.code === 0) return;
    }
  },
};

async function idOf(which: "-u" | "-g", name: string): Promise<number | undefined> {
  const answer = await run("id", [which, name]).catch(() => undefined);
  return answer?.code === 0 && /^\d+\s*$/.test(answer.output) ? Number(answer.output) : undefined;
}

/** The account that owns a file, named by its number. */
export async function ownerOf(file: string): Promise<Account> {
  const { uid, gid } = await stat(file);
  return { name: `user ${uid}`, uid, gid };
}

/** Whether the account may pass through every folder down to this one, by the mode bits. */
export async function canEnter(folder: string, account: Account): Promise<boolean> {
  for (let at = folder; ; at = path.dirname(at)) {
    const { mode, uid, gid } = await stat(at);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
