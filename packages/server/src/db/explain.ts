import { unescapeOrNull } from "../core/text/text.ts";
import { DatabaseRefusal } from "./check-server.ts";

/**
 * Turns what the driver and the server report when a database cannot be reached or used into one line that names the
 * setting.
 */
export function explainDatabaseError(error: unknown, databaseUrl: string): Error {
  if (error instanceof DatabaseRefusal) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const reason = reasonOf(cause, targetOf(databaseUrl));
  return reason === null ? cause : new DatabaseRefusal(reason.replaceAll(/\s+/g, " "), { cause });
}

interface Target {
  /** As it appears in the URL. */
  place: string;
  host: string;
  database: string;
  role: string;
}

function targetOf(databaseUrl: string): Target {
  const { hostname, port, pathname, username, searchParams } = new URL(databaseUrl);
  const host = searchParams.get("host") ?? ((unescapeOrNull(hostname) ?? hostname) || "localhost");
  const role = searchParams.get("user") ?? unescapeOrNull(username) ?? username;
  const path = pathname.slice(1);
  return {
    host,
    place: `${host}:${port || (searchParams.get("port") ?? "5432")}`,
    role,
    database: (unescapeOrNull(path) ?? path) || role,
  };
}

/** Null for errors that do not concern reaching the database. */
function reasonOf(error: Error, { place, host, database, role }: Target): string | null {
  const code = codeOf(error);
  // An error for several addresses has no message of its own.
  const said = error.message || code;
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The host ${host} of DATABASE_URL is not known here (${said}). Correct its name, or the name service of this machine.`;
    case "ECONNREFUSED":
    case "ENOENT":
      return `Nothing listens at ${place}, where DATABASE_URL leads. Start PostgreSQL there, or correct DATABASE_URL.`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return unreachable(place, said);
    case "28P01":
      return `The database at ${place} refuses the password of ${role} (${said}). Correct DATABASE_URL.`;
    case "28000":
      return `The database at ${place} does not let ${role} in (${said}). Correct DATABASE_URL, or the server's pg_hba.conf; where it wants encryption, add ?sslmode=require.`;
    case "3D000":
      return `There is no database ${database} at ${place}. Make it (createdb ${database}), or correct DATABASE_URL.`;
    case "42501":
      return `The user ${role} has not the rights that Carillon needs in the database ${database} (${said}). Let it own that database: alter database ${database} owner to ${role}.`;
    case "53300":
      return `The database at ${place} has no connection free (${said}). Raise its max_connections, or lower DATABASE_POOL.`;
    case "53100":
      return `The disk of the database at ${place} is full (${said}). Make room there, and start again: nothing acknowledged is lost.`;
    case "25006":
      return `The database at ${place} takes no writes (${said}). Set DATABASE_URL to the primary.`;
    case "57P03":
      return `The database at ${place} takes no connections now (${said}). Start again when it does.`;
  }
  if (/client password must be/.test(said)) {
    return `The database at ${place} wants a password and DATABASE_URL has none for ${role || "its user"}. Add it: postgres://${role || "user"}:password@${place}/${database}.`;
  }
  if (/does not support SSL/.test(said)) {
    return `The database at ${place} does not speak TLS (${said}). Take sslmode out of DATABASE_URL, or switch TLS on there.`;
  }
  if (/CERT|SELF_SIGNED|SIGNATURE/.test(code)) {
    return `The certificate of the database at ${place} is not trusted (${said}). Add sslrootcert=/path/to/ca.pem to DATABASE_URL.`;
  }
  if (
    /connection timeout|timeout exceeded when trying to connect|timeout expired|Query read timeout/.test(said)
  )
    return unreachable(place, said);
  if (/^(08|57P)/.test(code) || /^(ECONNRESET|EPIPE)$/.test(code) || /terminated|hang up/.test(said)) {
    return `What answers at ${place} ended the connection (${said}). If DATABASE_URL leads to a PostgreSQL, its log says why.`;
  }
  return null;
}

function unreachable(place: string, said: string): string {
  return `Nothing answers at ${place}, where DATABASE_URL leads (${said}). Correct it, or let this machine through to it.`;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
