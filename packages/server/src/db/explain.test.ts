import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, inject, it } from "vitest";
import { explainDatabaseError } from "./explain.ts";
import { openDatabase } from "./open-database.ts";

const URL_OF_ONE = "postgres://carillon:secret@db.internal:6543/notify";

function failure(code: string | undefined, message: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe("why there is no database", () => {
  it.each([
    ["ENOTFOUND", "getaddrinfo ENOTFOUND db.internal", /^The host db\.internal of DATABASE_URL is not known/],
    ["EAI_AGAIN", "getaddrinfo EAI_AGAIN", /^The host db\.internal of DATABASE_URL/],
    ["ECONNREFUSED", "", /^Nothing listens at db\.internal:6543, where DATABASE_URL leads\./],
    ["ETIMEDOUT", "connect ETIMEDOUT", /^Nothing answers at db\.internal:6543/],
    ["EHOSTUNREACH", "connect EHOSTUNREACH", /^Nothing answers at db\.internal:6543/],
    [undefined, "Connection terminated due to connection timeout", /^Nothing answers at db\.internal:6543/],
    ["28P01", "password authentication failed", /refuses the password of carillon .* Correct DATABASE_URL/],
    ["28000", "no pg_hba.conf entry for host", /does not let carillon in .*sslmode=require/],
    ["3D000", 'database "notify" does not exist', /^There is no database notify .*createdb notify/],
    ["42501", "permission denied for schema public", /alter database notify owner to carillon/],
    ["53300", "too many clients", /no connection free .*DATABASE_POOL/],
    ["53100", "could not extend file", /^The disk of the database at db\.internal:6543 is full/],
    ["25006", "cannot execute CREATE", /takes no writes .*DATABASE_URL to the primary/],
    ["57P03", "the database system is starting up", /takes no connections now/],
    ["57P01", "terminating connection due to administrator command", /ended the connection/],
    ["ECONNRESET", "read ECONNRESET", /ended the connection .*DATABASE_URL/],
    [undefined, "Connection terminated unexpectedly", /ended the connection/],
    [undefined, "The server does not support SSL connections", /sslmode out of DATABASE_URL/],
    ["SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate", /is not trusted .*sslrootcert/],
    [undefined, "SASL: client password must be a string", /wants a password and DATABASE_URL has none/],
  ])("is one line that names the place and the way out: %s %s", (code, message, line) => {
    const cause = failure(code, message);
    const explained = explainDatabaseError(cause, URL_OF_ONE);
    expect(explained.message).toMatch(line);
    expect(explained.message).not.toContain("\n");
    expect(explained.message).not.toContain("secret");
    expect(explained.cause).toBe(cause);
  });

  it.each([
    ["postgres:///d?host=/run/postgresql", "Nothing listens at /run/postgresql:5432"],
    ["postgres://u@h/d?port=6000", "Nothing listens at h:6000"],
    ["postgres://u:100%@h/d", "Nothing listens at h:5432"],
  ])("is found in every form of the URL: %s", (url, line) => {
    expect(explainDatabaseError(failure("ECONNREFUSED", ""), url).message).toContain(line);
  });

  it("is unchanged for an unrelated error", () => {
    const error = failure("42601", "syntax error");
    expect(explainDatabaseError(error, URL_OF_ONE)).toBe(error);
  });
});

describe("opening", () => {
  async function refusal(change: (url: URL) => void): Promise<string> {
    const url = new URL(inject("databaseUrl"));
    change(url);
    const options = { url: url.href, max: 4, onError: () => {} };
    const error = await openDatabase(options, (thrown) => explainDatabaseError(thrown, url.href)).then(
      () => new Error("it opened"),
      (thrown: unknown) => thrown as Error,
    );
    return error.message;
  }

  it("says which part of the URL is wrong, as the real server sees it", async () => {
    expect(await refusal((url) => (url.password = "guess"))).toMatch(/refuses the password of carillon/);
    expect(await refusal((url) => (url.password = ""))).toMatch(/wants a password and DATABASE_URL has none/);
    expect(await refusal((url) => (url.pathname = "/no_such"))).toMatch(/There is no database no_such/);
    expect(await refusal((url) => url.searchParams.set("sslmode", "require"))).toMatch(/does not speak TLS/);
  });

  it("says that the server is not a PostgreSQL", async () => {
    const sockets = new Set<Socket>();
    const other = createServer((socket) => {
      sockets.add(socket);
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    }).listen(0, "127.0.0.1");
    await once(other, "listening");
    const port = String((other.address() as AddressInfo).port);
    const line = await refusal((url) => (url.port = port));
    for (const socket of sockets) socket.destroy();
    other.close();
    expect(line).toContain(`What answers at 127.0.0.1:${port} ended the connection`);
  });
});
