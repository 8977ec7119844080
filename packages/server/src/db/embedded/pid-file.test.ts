import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { commandLineOf, isServerOf, parsePidFile } from "./pid-file.ts";

describe("postmaster.pid", () => {
  it("is read as far as the server has written it", () => {
    const lines = ["7034", "/srv/postgres", "1763663810", "45007", "", "127.0.0.1", " 5439 32", "ready   "];
    expect(parsePidFile(`${lines.join("\n")}\n`)).toEqual({ pid: 7034, port: 45007, status: "ready" });
    expect(parsePidFile(lines.slice(0, 5).join("\n"))).toEqual({ pid: 7034, port: 45007, status: undefined });
    expect(parsePidFile("7034")).toEqual({ pid: 7034, port: undefined, status: undefined });
  });

  it.each(["", "0", "-12", "1e3", "99999999999", "\0\0", "pid 5"])("holds no process in %j", (text) => {
    expect(parsePidFile(text).pid).toBe(0);
  });

  it("never yields a number that could signal more than one process", () => {
    assert(
      property(string(), (text) => {
        const { pid } = parsePidFile(text);
        expect(pid === 0 || (Number.isSafeInteger(pid) && pid > 0)).toBe(true);
      }),
    );
  });
});

describe("a process is the server of a cluster", () => {
  const CLUSTER = "/srv/my app/postgres";
  it.each([
    ["Linux", ["/x/bin/postgres", "-D", CLUSTER, "-c", "port=5"].join("\0"), true],
    ["Linux, last argument", ["/x/bin/postgres", "-D", `${CLUSTER}\0`].join("\0"), true],
    ["macOS", `/x y/bin/postgres -D ${CLUSTER} -c port=5`, true],
    ["macOS, last argument", `/x/bin/postgres -D ${CLUSTER}`, true],
    ["Windows", `"C:\\x y\\bin\\postgres.exe" -D "${CLUSTER}" -c port=5`, true],
    ["another folder below", ["/x/bin/postgres", "-D", `${CLUSTER}/b`, "-c"].join("\0"), false],
    ["another folder with a longer name", ["/x/bin/postgres", "-D", `${CLUSTER} 2`, "-c"].join("\0"), false],
    ["another folder, by spaces", `/x/bin/postgres -D ${CLUSTER}2 -c port=5`, false],
    ["another program", ["/usr/bin/vim", "-D", CLUSTER, "-c"].join("\0"), false],
    ["a program with a similar name", ["/x/bin/notpostgres", "-D", CLUSTER, "-c"].join("\0"), false],
    ["a client's backend", "postgres: carillon carillon 127.0.0.1(4242) idle", false],
    ["a zombie", "", false],
  ])("%s", (_, commandLine, expected) => {
    expect(isServerOf(commandLine, CLUSTER)).toBe(expected);
  });

  it("asks the system for the command line, and finds none where there is no process", async () => {
    expect(await commandLineOf(process.pid)).toContain("node");
    expect(await commandLineOf(0)).toBe("");
    expect(await commandLineOf(4_194_304)).toBe("");
  });
});
