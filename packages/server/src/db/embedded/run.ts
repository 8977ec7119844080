import { spawn } from "node:child_process";

/** The account that a child process runs as, if not our own. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

export interface RunOptions {
  account?: Account | undefined;
  cwd?: string;
  /** Written to the child's standard input, for secrets that must not appear among its arguments. */
  input?: string;
}

export interface RunResult {
  code: number | null;
  /** Both streams, the last 64 KB. */
  output: string;
}

const KEPT_OUTPUT = 65_536;

/** Runs a program to its end. Throws the system's error when it cannot be started at all. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...identityOf(options.account), cwd: options.cwd, env: childEnv() });
    let output = "";
    const hear = (chunk: string) => (output = (output + chunk).slice(-KEPT_OUTPUT));
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
    // A child that ends without reading explains itself by its exit code; the broken pipe adds nothing.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
  });
}

export function identityOf(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}

/**
 * Only what PostgreSQL's programs need: our own environment holds secrets, a PGDATA or PGPORT in it would be obeyed,
 * and an LD_LIBRARY_PATH would replace the libraries that come with the binaries. The C locale makes messages readable
 * to `explainOutput`.
 */
export function childEnv(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { LC_ALL: "C", TZ: "UTC" };
  for (const name of ["PATH", "SystemRoot", "TEMP", "TMP"]) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  // Root by way of `su` has no sbin in its path, which holds the tools for accounts.
  if (process.platform !== "win32") env["PATH"] = `${env["PATH"] ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;
  return env;
}
