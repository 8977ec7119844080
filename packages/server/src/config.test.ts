import { describe, expect, it } from "vitest";
import { configSchema, readConfig, SettingsError } from "./config.ts";

const DATABASE = "postgres://carillon:secret@db.internal:5432/carillon";
const KEY = "k".repeat(16);

function refusal(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error("it was taken");
}

describe("a setting", () => {
  it.each([
    ["PORT", "many", /^PORT must be a whole number from 0 to 65535, but is "many"\.$/],
    ["PORT", "65536", /from 0 to 65535, but is "65536"/],
    ["PORT", "-1", /from 0 to 65535/],
    ["PORT", "3000.5", /from 0 to 65535/],
    ["PORT", "0x10", /from 0 to 65535/],
    ["PORT", "9".repeat(400), /^PORT must be .{1,40}, but is "9{60}"\.$/],
    ["HOST", "http://0.0.0.0", /^HOST must be an address or a host name/],
    ["HOST", "0.0.0.0:3000", /the port is PORT, but is "0\.0\.0\.0:3000"/],
    ["HOST", "two hosts", /^HOST must be/],
    ["ROLE", "constructor", /^ROLE must be all, api or worker, but is "constructor"\.$/],
    ["LOG_LEVEL", "loud", /^LOG_LEVEL must be silent, error, warn, info or debug, but is "loud"\.$/],
    ["PUBLIC_URL", "notify.example.com", /^PUBLIC_URL must be an http or https URL/],
    ["PUBLIC_URL", "javascript:alert(1)", /^PUBLIC_URL must be/],
    ["PUBLIC_URL", "https://notify.example.com/?a=b", /without query/],
    ["MAX_BODY_KB", "0", /^MAX_BODY_KB must be a whole number from 1 to /],
    ["MAX_RECIPIENTS", "1e3", /^MAX_RECIPIENTS must be/],
    ["DATABASE_POOL", "3", /^DATABASE_POOL must be a whole number from 4 to /],
    ["RETENTION_RUN_DAYS", "forever", /^RETENTION_RUN_DAYS must be/],
    ["CALL_CONCURRENCY", "1", /^CALL_CONCURRENCY must be a whole number from 4 to /],
    // Beyond the maximum of a timer, which would fire at once.
    ["SHUTDOWN_SECONDS", "3000000", /^SHUTDOWN_SECONDS must be a whole number from 1 to 86400/],
  ])("is refused with one line that names it and says what it must be: %s=%s", (name, value, line) => {
    const message = refusal({ [name]: value });
    expect(message).toMatch(line);
    expect(message).not.toContain("\n");
  });

  it.each(["nonsense", "https://db.internal/carillon", "postgres://u:p#ss@h/d", "postgres://h:port/d"])(
    "of a database that is not a valid URL is refused, and its password is not shown: %s",
    (url) => {
      const message = refusal({ DATABASE_URL: url, SECRET_KEY: KEY });
      expect(message).toMatch(/^DATABASE_URL must be a URL such as postgres:\/\/user:password@/);
      expect(message).not.toContain(url);
    },
  );

  it("that is a secret is never shown", () => {
    expect(refusal({ SECRET_KEY: "hunter2" })).toMatch(/^SECRET_KEY must have at least 16 characters/);
    expect(refusal({ SECRET_KEY: "hunter2" })).not.toContain("hunter2");
  });

  it("is taken with blanks around it, and left at its default when it is blank", () => {
    const config = readConfig({ PORT: " 0 ", HOST: "\t", LOG_LEVEL: "", ROLE: "api\n" });
    expect(config).toMatchObject({ PORT: 0, HOST: "127.0.0.1", LOG_LEVEL: "info", ROLE: "api" });
  });

  it.each(["::", "::1", "0.0.0.0", "localhost", "db-1.internal", "fe80::1%eth0"])(
    "may name a host: %s",
    (HOST) => {
      expect(readConfig({ HOST }).HOST).toBe(HOST);
    },
  );

  it.each([DATABASE, "postgresql://h/d?sslmode=require", "postgres:///d?host=/run/postgresql"])(
    "may name a database: %s",
    (DATABASE_URL) => {
      expect(readConfig({ DATABASE_URL, SECRET_KEY: KEY }).DATABASE_URL).toBe(DATABASE_URL);
    },
  );
});

describe("settings together", () => {
  it("are all named at once, a line each", () => {
    const lines = refusal({ PORT: "x", ROLE: "y", DATABASE_URL: "z" }).split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["DATABASE_URL", "PORT", "ROLE", "SECRET_KEY"]);
  });

  it("with an external database require a key, reported before that database is asked for anything", () => {
    const line = "SECRET_KEY must be given with DATABASE_URL, and kept: `openssl rand -base64 32` makes one.";
    expect(refusal({ DATABASE_URL: DATABASE })).toBe(line);
    expect(configSchema.safeParse({ DATABASE_URL: DATABASE }).success).toBe(false);
  });
});
