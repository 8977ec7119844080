import { constants, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Place } from "./place.ts";
import { run } from "./run.ts";

/**
 * PostgreSQL's `postmaster.pid`: written by the server, line by line, as it comes up. A number in a file proves nothing
 * about the process that now has it, so the process itself is checked as well.
 */
export interface PidFile {
  pid: number;
  port: number | undefined;
  /** "starting", "ready", "stopping" or "standby"; undefined while the server has not reached that point. */
  status: string | undefined;
}

/** Undefined when there is no such file; a pid of 0 when it holds nothing useful. */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(pathOf(cluster), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : parsePidFile(text);
}

export function parsePidFile(text: string): PidFile {
  const lines = text.split("\n").map((line) => line.trim());
  return { pid: numberIn(lines[0]) ?? 0, port: numberIn(lines[3]), status: lines[7] || undefined };
}

function numberIn(line: string | undefined): number | undefined {
  return line !== undefined && /^[1-9]\d{0,9}$/.test(line) ? Number(line) : undefined;
}

/** The live server on this cluster, if its file names one and the process really is that server. */
export async function findServer({ cluster }: Pick<Place, "cluster">): Promise<PidFile | undefined> {
  const file = await readPidFile(cluster);
  return file !== undefined && isServerOf(await commandLineOf(file.pid), cluster) ? file : undefined;
}

/** Whether a command line is a PostgreSQL server's on exactly this data directory. */
export function isServerOf(commandLine: string, cluster: string): boolean {
  // Linux ends each argument with NUL; elsewhere they are separated by spaces and, on Windows, some are quoted.
  const [program = "", rest = ""] = commandLine.split(/[\0 ]-D[\0 ](.*)/s, 2);
  if (!/(^|[/\\])postgres(\.exe)?"?$/.test(program)) return false;
  const ways = commandLine.includes("\0") ? [`${cluster}\0`] : [`${cluster} `, `"${cluster}" `];
  return ways.some((way) => `${rest} `.startsWith(way));
}

/** As the system reports it; empty for a process that does not exist or is a zombie. */
export async function commandLineOf(pid: number): Promise<string> {
  if (pid <= 0) return "";
  if (process.platform === "linux") {
    return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  }
  const [program, ...args] =
    process.platform === "win32"
      ? [
          "powershell",
          "-NoProfile",
          "-Command",
          `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`,
        ]
      : ["ps", "-ww", "-o", "command=", "-p", String(pid)];
  const answer = await run(program, args).catch(() => undefined);
  return answer?.code === 0 ? answer.output.trim() : "";
}

/**
 * Makes a file without a live server harmless. PostgreSQL copes with a dead process, but refuses to start when the
 * number now belongs to another process of its user, as it often does in a container. The file is not deleted, because
 * its seventh line lets PostgreSQL see whether children of the dead server still use its memory: it gets our own
 * number, the parent's, which PostgreSQL knows not to be a rival.
 */
export async function disarmPidFile(cluster: string): Promise<void> {
  const file = await readPidFile(cluster);
  if (file === undefined) return;
  if (file.pid === 0 || process.platform === "win32") {
    await rm(pathOf(cluster), { force: true });
    return;
  }
  const text = await readFile(pathOf(cluster), "utf8");
  // We may be root and the folder is not: never write through a link placed there.
  const flag = constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW;
  await writeFile(pathOf(cluster), text.replace(/^.*/, String(process.pid)), { flag });
}

function pathOf(cluster: string): string {
  return path.join(cluster, "postmaster.pid");
}
