export type EmbeddedPostgresCode =
  /** A running Carillon (or another server) uses the folder. */
  | "already_running"
  /** The folder, or something in it, cannot be written by this user. */
  | "not_writable"
  | "disk_full"
  /** The data was created by another major version of PostgreSQL. */
  | "wrong_version"
  /** No bundled server for this system, or one that cannot run on it. */
  | "unsupported_platform"
  | "port_taken"
  | "start_failed"
  /** The data was not copied. */
  | "backup_failed";

/** A refusal to start, or to copy what a start made. The message is one line that says what is wrong and what to do. */
export class EmbeddedPostgresError extends Error {
  override name = "EmbeddedPostgresError";
  readonly code: EmbeddedPostgresCode;

  constructor(code: EmbeddedPostgresCode, message: string, options?: ErrorOptions) {
    super(message.replaceAll(/\s+/g, " ").trim(), options);
    this.code = code;
  }
}

export function alreadyRunning(folder: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "already_running",
    `Another Carillon is already running on ${folder}. Stop that one first, or start this one with another folder or with DATABASE_URL.`,
  );
}

export function notWritable(folder: string, reason: string, options?: ErrorOptions): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "not_writable",
    `Carillon cannot write to ${folder} (${reason}). Give this user write access to it, set DATA_DIR to another folder, or set DATABASE_URL.`,
    options,
  );
}

export function portTaken(port: number | undefined, reason: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "port_taken",
    port === undefined
      ? `No free port on 127.0.0.1 for PostgreSQL (${reason}). Start Carillon again.`
      : `PostgreSQL cannot listen on 127.0.0.1:${port} (${reason}). Free that port, choose another, or leave the choice to Carillon.`,
  );
}

// A short write has no error code of its own; PostgreSQL then prints only the advice.
const NO_SPACE =
  /No space left on device|Disk quota exceeded|wrote only \d+ of \d+ bytes|Check free disk space/i;

/** What PostgreSQL's programs print in the C locale, and what it means. The first match decides. */
const SIGNS: [sign: RegExp, explain: (line: string, where: Where) => EmbeddedPostgresError][] = [
  [NO_SPACE, (line, { folder }) => diskFull(folder, line)],
  [/Address already in use|could not create any TCP\/IP sockets/, (line, { port }) => portTaken(port, line)],
  [/lock file "postmaster\.pid" (already exists|is empty)/, (_line, { folder }) => alreadyRunning(folder)],
  [
    /pre-existing shared memory block/,
    (line, { folder }) =>
      new EmbeddedPostgresError(
        "already_running",
        `PostgreSQL processes of an earlier start still use ${folder} (${line}). Stop them, then start Carillon again.`,
      ),
  ],
  [
    /database files are incompatible with server|was initialized by PostgreSQL version/,
    (line, { folder }) =>
      new EmbeddedPostgresError(
        "wrong_version",
        `The data in ${folder} does not fit this version of PostgreSQL (${line}). Start it with the Carillon that made it, choose another folder, or set DATABASE_URL.`,
      ),
  ],
  [
    /error while loading shared libraries|Library not loaded|symbol lookup error|version `[^']+' not found/,
    (line) => unsupported(line),
  ],
  [
    /could not look up effective user ID/,
    () =>
      new EmbeddedPostgresError(
        "start_failed",
        "PostgreSQL cannot run under a user id that has no account. Add one to /etc/passwd, run Carillon as a named user, or set DATABASE_URL.",
      ),
  ],
  [
    /(^but |FATAL: +)could not open file ".*": No such file or directory/,
    (line, { folder }) =>
      new EmbeddedPostgresError(
        "start_failed",
        `The database in ${folder} is damaged: files of it are missing (${line.replace(/^but /, "")}). Restore the folder from a backup, or move it away to start empty.`,
      ),
  ],
  [
    /Permission denied|Operation not permitted|Read-only file system|wrong ownership/,
    (line, { folder }) => notWritable(folder, line),
  ],
];

export interface Where {
  /** The folder that the user configured. */
  folder: string;
  /** The port that the user configured. */
  port?: number | undefined;
}

/** Turns the output of a failed PostgreSQL program into one line and a code. */
export function explainOutput(output: string, where: Where): EmbeddedPostgresError {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== "");
  for (const [sign, explain] of SIGNS) {
    const line = lines.find((line) => sign.test(line));
    if (line !== undefined) return explain(bare(line), where);
  }
  return startFailed(where.folder, complaintIn(output) ?? "it said nothing");
}

/** The most informative line about a failure, without its time stamp and process id. */
export function complaintIn(output: string): string | undefined {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== "");
  const line =
    lines.findLast((line) => /\bPANIC:/.test(line)) ??
    lines.findLast((line) => /\bFATAL:|\berror:/.test(line)) ??
    lines.at(-1);
  return line === undefined ? undefined : bare(line);
}

function bare(line: string): string {
  return line.replace(/^.*?\d{4}-\d\d-\d\d [\d:.]+ \w+ \[\d+\] (?:\w+: +)?/, "").trim();
}

/** PostgreSQL's own code. */
export const WRONG_PASSWORD = "28P01";

/** Turns a failed system call (a full disk, a missing permission) into one line and a code. */
export function explainSystemError(error: unknown, folder: string): EmbeddedPostgresError {
  if (error instanceof EmbeddedPostgresError) return error;
  const { code, syscall, message }: NodeJS.ErrnoException =
    error instanceof Error ? error : new Error(String(error));
  const cause = { cause: error };
  if (syscall?.startsWith("spawn") === true) {
    return new EmbeddedPostgresError(
      "start_failed",
      `The programs of PostgreSQL cannot be run (${message}). If this is root without the right to change users, run Carillon as an ordinary user, or set DATABASE_URL.`,
      cause,
    );
  }
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return diskFull(folder, message, cause);
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "EEXIST":
    case "ENOTDIR":
      return notWritable(folder, message, cause);
    case WRONG_PASSWORD:
      return new EmbeddedPostgresError(
        "start_failed",
        `The password kept for the database of ${folder} is not the database's own. Delete the file named password beside it and start again: a new one is set.`,
        cause,
      );
    case undefined:
    default:
      // File systems have many codes for a folder that cannot be: `/proc` says that there is no such file.
      return syscall === "mkdir" ? notWritable(folder, message, cause) : startFailed(folder, message, cause);
  }
}

function startFailed(folder: string, reason: string, options?: ErrorOptions): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "start_failed",
    `PostgreSQL did not start on ${folder}: ${reason}`,
    options,
  );
}

export function diskFull(folder: string, reason: string, options?: ErrorOptions): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "disk_full",
    `No space left for ${folder} (${reason}). Free some space and start Carillon again; nothing acknowledged is lost.`,
    options,
  );
}

export function unsupported(reason: string, options?: ErrorOptions): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "unsupported_platform",
    `The bundled PostgreSQL cannot run here (${reason}). Set DATABASE_URL to a PostgreSQL 15 or newer.`,
    options,
  );
}
