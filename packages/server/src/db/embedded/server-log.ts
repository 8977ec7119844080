import { constants, copyFile, type FileHandle, open, stat, statfs, truncate } from "node:fs/promises";
import path from "node:path";
import { give } from "./cluster.ts";
import { diskFull, type EmbeddedPostgresError, explainOutput } from "./error.ts";
import type { Place } from "./place.ts";

/**
 * The server appends its output to a file, whether we live or not. Two files of limited size are kept: a client that
 * fails a thousand times a second must not fill the disk with error messages.
 */
export interface ServerLog {
  open: () => Promise<FileHandle>;
  /** The log since this start, or its end if it is long. */
  read: () => Promise<string>;
  /** Rotates a full file. */
  trim: () => Promise<void>;
}

export const TRIM_EVERY_MS = 600_000;
const FULL_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;

export async function openServerLog(place: Place): Promise<ServerLog> {
  const file = path.join(place.home, "postgres.log");
  await trim(file);
  // Root may be writing in another account's folder: never through a link placed there.
  const noLinks = place.account === undefined ? 0 : constants.O_NOFOLLOW;
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | noLinks;
  await using handle = await open(file, flags, 0o600);
  await give(file, place);
  const { size } = await handle.stat();
  return { open: () => open(file, flags, 0o600), read: () => readTail(file, size), trim: () => trim(file) };
}

async function trim(file: string): Promise<void> {
  const size = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  if (size < FULL_BYTES) return;
  await copyFile(file, `${file}.1`);
  // The server's handle appends, so it continues at the new end.
  await truncate(file);
}

async function readTail(file: string, start: number): Promise<string> {
  await using handle = await open(file, "r");
  const { size } = await handle.stat();
  // Smaller than at the start: it was rotated meanwhile.
  const from = Math.max(size < start ? 0 : start, size - TAIL_BYTES);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
  return buffer.subarray(0, bytesRead).toString("utf8");
}

/** PostgreSQL grows by log segments of this size. */
const SEGMENT_BYTES = 16 * 1024 * 1024;

/** Whether the disk has room for one more segment. */
export async function hasRoom({ home }: Pick<Place, "home">): Promise<boolean> {
  return (await freeBytes(home)) >= SEGMENT_BYTES;
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Why this start failed, as far as the log shows. */
export async function explainFailure(
  log: ServerLog,
  place: Place,
  port?: number,
): Promise<EmbeddedPostgresError> {
  const failure = explainOutput(await log.read(), { folder: place.folder, port });
  if (failure.code !== "start_failed") return failure;
  // On a full disk the server cannot even log why it fails.
  const free = await freeBytes(place.home);
  return free < SEGMENT_BYTES ? diskFull(place.folder, `${free} bytes are free`) : failure;
}
