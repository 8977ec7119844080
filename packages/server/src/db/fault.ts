/**
 * What an error says about the database. An error that is none of these is about the statement and its values: only
 * that may be held against a record, because it follows the record wherever it goes.
 *
 * - `full`: no room for a write.
 * - `read_only`: a standby, or a server that was set to take no writes.
 * - `busy`: it answers, but not this, not now: a time limit of the administrator, a locked table, no memory, no
 *   connection free, a statement that was cancelled.
 * - `away`: not reachable, shutting down, not letting us in, or silent until our own deadline.
 */
export type DatabaseState = "full" | "read_only" | "busy" | "away";

/** The one place that decides it; null: the database is fit, and the statement was wrong. */
export function databaseState(error: unknown): DatabaseState | null {
  if (!(error instanceof Error)) return null;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "53100") return "full";
  if (code === "25006") return "read_only";
  if (BUSY.test(code) || (code === "0A000" && /cached plan/.test(error.message))) return "busy";
  if (AWAY.test(code) || NETWORK.test(code) || DRIVER.test(error.message)) return "away";
  // The socket of a server on this machine.
  if (code === "ENOENT" && "syscall" in error && error.syscall === "connect") return "away";
  return null;
}

/**
 * 25P03 and 25P04: the session was idle too long in its transaction, the transaction took too long; 26000: a prepared
 * statement is gone; 42501: a right was taken away; 53: resources; 55006, 55P03: locked; 57014: cancelled, by hand or
 * by `statement_timeout`; 58: its disk or system fails.
 */
const BUSY = /^(25P0[34]|26000|42501|53...|55006|55P03|57014|58...)$/;
/** 08: the connection; 28: who may connect; 3D000: the database is gone; 57P0: shutting down, starting, ended. */
const AWAY = /^(08...|28...|3D000|57P0.)$/;
const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN|ERR_STREAM_DESTROYED|ERR_SOCKET_CLOSED)$/;
const DRIVER =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|is not queryable/;

/** The database could not do it now: the same will succeed later, and nobody's record is to blame. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return databaseState(error) !== null;
}

/** A statement that failed for lack of disk space: it succeeds once there is some. */
export function isDiskFull(error: unknown): error is Error {
  return databaseState(error) === "full";
}

/** Nothing came back until our deadline: the connection is as good as dead, whatever its socket says. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === "Query read timeout";
}

/** Deadlocks and serialization failures: the same work succeeds when tried again at once. */
export function isContention(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "40P01" || error.code === "40001");
}

/** A lock was not to be had within `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "55P03";
}

/** The connection remembers a prepared statement that the server does not, or not any more. */
export function isStalePlan(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "26000" || (error.code === "0A000" && /cached plan/.test(error.message));
}
