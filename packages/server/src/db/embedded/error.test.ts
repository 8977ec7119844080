import { describe, expect, it } from "vitest";
import { complaintIn, EmbeddedPostgresError, explainOutput, explainSystemError } from "./error.ts";

const FOLDER = "/srv/app/.carillon";
const STAMP = "2026-11-20 18:28:19.127 UTC [5171]";

describe("what a PostgreSQL program printed", () => {
  it.each([
    ["disk_full", `initdb: error: could not write to file "pg_wal/xlogtemp.31": No space left on device`],
    ["disk_full", `${STAMP} PANIC:  could not write to file "pg_wal/xlogtemp.9": Disk quota exceeded`],
    [
      "disk_full",
      `bootstrapping ... ${STAMP} FATAL:  could not extend file "b": wrote only 4096 of 8192 bytes`,
    ],
    ["port_taken", `${STAMP} LOG:  could not bind IPv4 address "127.0.0.1": Address already in use`],
    ["port_taken", `${STAMP} FATAL:  could not create any TCP/IP sockets`],
    ["already_running", `${STAMP} FATAL:  lock file "postmaster.pid" already exists`],
    [
      "already_running",
      `${STAMP} FATAL:  pre-existing shared memory block (key 5432001, ID 4) is still in use`,
    ],
    ["wrong_version", `${STAMP} FATAL:  database files are incompatible with server`],
    ["not_writable", `${STAMP} FATAL:  could not open file "base/1": Permission denied`],
    ["not_writable", `${STAMP} FATAL:  data directory "/srv" has wrong ownership`],
    ["not_writable", `initdb: error: could not create directory "/srv": Read-only file system`],
    [
      "unsupported_platform",
      "postgres: error while loading shared libraries: libstdc++.so.6: cannot open shared object",
    ],
    [
      "unsupported_platform",
      "postgres: /lib/libc.so.6: version `GLIBC_2.34' not found (required by postgres)",
    ],
    ["start_failed", "initdb: error: could not look up effective user ID 1234: user does not exist"],
    ["start_failed", `${STAMP} FATAL:  invalid value for parameter "jit": "maybe"`],
    ["start_failed", ""],
  ])("is %s for %j", (code, output) => {
    const error = explainOutput(`creating subdirectories ... ok\n${output}\n`, {
      folder: FOLDER,
      port: 5432,
    });
    expect(error).toBeInstanceOf(EmbeddedPostgresError);
    expect(error.code).toBe(code);
    expect(error.message).not.toContain("\n");
    expect(error.message).not.toContain(STAMP);
  });

  it("says what is missing of a damaged folder, and what to do", () => {
    const output = [
      "postgres: could not find the database system",
      `Expected to find it in the directory "${FOLDER}/postgres",`,
      `but could not open file "${FOLDER}/postgres/global/pg_control": No such file or directory`,
    ].join("\n");
    expect(explainOutput(output, { folder: FOLDER }).message).toBe(
      `The database in ${FOLDER} is damaged: files of it are missing (could not open file "${FOLDER}/postgres/global/pg_control": No such file or directory). Restore the folder from a backup, or move it away to start empty.`,
    );
  });

  it("names the cause before its consequences", () => {
    const output = [
      `${STAMP} LOG:  could not bind IPv4 address "127.0.0.1": Address already in use`,
      `${STAMP} HINT:  Is another postmaster already running on port 5432?`,
      `${STAMP} FATAL:  could not create any TCP/IP sockets`,
    ].join("\r\n");
    expect(explainOutput(output, { folder: FOLDER, port: 5432 }).message).toContain(
      `127.0.0.1:5432 (could not bind IPv4 address "127.0.0.1": Address already in use)`,
    );
  });

  it("quotes the worst complaint, else the last line, else nothing", () => {
    expect(complaintIn(`${STAMP} PANIC:  broken\n${STAMP} FATAL:  later\n${STAMP} LOG:  end\n`)).toBe(
      "broken",
    );
    expect(complaintIn(`initdb: error: first\ninitdb: removing contents\n`)).toBe("initdb: error: first");
    expect(complaintIn("only this\n\n")).toBe("only this");
    expect(complaintIn(" \n")).toBeUndefined();
  });
});

describe("what the system refused", () => {
  it.each([
    ["ENOSPC", "open", "disk_full"],
    ["EDQUOT", "write", "disk_full"],
    ["EACCES", "mkdir", "not_writable"],
    ["EROFS", "open", "not_writable"],
    ["ENOTDIR", "mkdir", "not_writable"],
    ["ENOENT", "mkdir", "not_writable"],
    ["ENAMETOOLONG", "mkdir", "not_writable"],
    ["ENOSPC", "mkdir", "disk_full"],
    ["ENOENT", "open", "start_failed"],
    ["EPERM", "chown", "not_writable"],
    ["EPERM", "spawn /x/postgres", "start_failed"],
    ["28P01", undefined, "start_failed"],
    ["EMFILE", "open", "start_failed"],
    [undefined, undefined, "start_failed"],
  ])("is, for %s from %s, %s", (code, syscall, expected) => {
    const cause = Object.assign(new Error("it\n  said no"), { code, syscall });
    const error = explainSystemError(cause, FOLDER);
    expect(error.code).toBe(expected);
    expect(error.cause).toBe(cause);
    expect(error.message).not.toContain("\n");
  });

  it("passes on a refusal that is already clear, and survives what is no error at all", () => {
    const clear = new EmbeddedPostgresError("port_taken", "clear");
    expect(explainSystemError(clear, FOLDER)).toBe(clear);
    expect(explainSystemError("thrown text", FOLDER).message).toContain("thrown text");
    expect(explainSystemError(undefined, FOLDER).code).toBe("start_failed");
  });
});
