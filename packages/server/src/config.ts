import { isIP } from "node:net";
import { z } from "zod";

/** Advice for users without a key. */
const MAKE_KEY = "`openssl rand -base64 32` makes one";

/**
 * Every environment variable, with unit and default. `process.env` is read here and nowhere else. Refusals complete a
 * sentence that starts with the variable's name: `PORT must be a whole number from 0 to 65535, but is "many".`
 */
const settings = z.object({
  DATABASE_URL: z
    .string()
    .refine(
      isDatabaseUrl,
      "must be a URL such as postgres://user:password@host:5432/database; what is special in the password is percent-encoded (# as %23, / as %2F, @ as %40)",
    )
    .optional()
    .describe("PostgreSQL 15 or newer, as a URL. Absent: Carillon runs its own PostgreSQL under DATA_DIR."),
  DATA_DIR: z
    .string()
    .default(".carillon")
    .describe("Folder of the embedded database and generated secrets."),
  SECRET_KEY: z
    .string()
    .min(16, `must have at least 16 characters: ${MAKE_KEY}`)
    .optional()
    .describe(
      "Encrypts stored credentials. Required with DATABASE_URL; generated into DATA_DIR otherwise. At least 16 characters.",
    ),
  HOST: z
    .string()
    .refine(
      (host) => isIP(host) !== 0 || /^[A-Za-z0-9_.-]+$/.test(host),
      "must be an address or a host name and nothing else: 127.0.0.1 for this machine alone, 0.0.0.0 for all; the port is PORT",
    )
    .default("127.0.0.1")
    .describe("Address the HTTP server listens on."),
  PORT: whole(0, 65_535).default(3000).describe("Port of the HTTP server; 0 takes a free one."),
  PUBLIC_URL: z
    .string()
    .refine(isPublicUrl, "must be an http or https URL without query, such as https://notify.example.com")
    .optional()
    .describe(
      "Address clients use, when a proxy stands in front. A path prefix in it is part of what they sign.",
    ),
  ROLE: z
    .enum(["all", "api", "worker"], "must be all, api or worker")
    .default("all")
    .describe("What this process does."),
  LOG_LEVEL: z
    .enum(["silent", "error", "warn", "info", "debug"], "must be silent, error, warn, info or debug")
    .default("info")
    .describe("Least severe level that is logged."),
  MAX_BODY_KB: whole(1, 262_144)
    .default(3072)
    .describe(
      "Largest request body in KB. Clients measure 800 KB in UTF-16 units, so real bytes can reach 2.4 MB.",
    ),
  RATE_LIMIT_PER_SECOND: whole(0, 10_000_000)
    .default(100_000)
    .describe(
      "Requests per second that this process takes with one credential; an array counts as many as it has records. 0 for any number.",
    ),
  CLIENT_RATE_LIMIT_PER_SECOND: whole(0, 10_000_000)
    .default(50)
    .describe(
      "Requests per second that this process takes from one person's browsers and apps, or without a token from one address, after the first ten seconds' worth. 0 for any number.",
    ),
  WRONG_KEYS_PER_SECOND: whole(0, 1_000_000)
    .default(100)
    .describe(
      "Requests per second with a wrong credential, or none, that are looked at from one address, after the first ten seconds' worth. 0 for any number.",
    ),
  TRUSTED_PROXIES: z
    .string()
    .refine(
      (list) => listOf(list).every(isAddressRange),
      "must be addresses or ranges, separated by commas, such as 127.0.0.1, 10.0.0.0/8",
    )
    .default("")
    .describe(
      "Comma-separated addresses or ranges of the proxies in front, whose X-Forwarded-For is believed. Without them, all who come through a proxy have its address.",
    ),
  MAX_PROFILE_KB: whole(1, 16_384)
    .default(256)
    .describe(
      "Largest profile of a user or object in KB, properties and channels together; the same for each profile in a tenant, and for the properties of a tenant.",
    ),
  MAX_RECIPIENTS: whole(1, 10_000).default(100).describe("Recipients in one trigger."),
  SIGNATURE_MINUTES: whole(0, 525_600)
    .default(15)
    .describe(
      "How far the Date of a signed request may be from now, before or after, in minutes; 0 for any date. Limits how long a request that somebody recorded can be sent again.",
    ),
  DATABASE_POOL: whole(4, 1000).default(20).describe("Database connections of this process."),
  RETENTION_REQUEST_DAYS: whole(1, 36_500).default(30).describe("Days that requests are kept."),
  RETENTION_RUN_DAYS: whole(1, 36_500).default(30).describe("Days that finished runs are kept."),
  RETENTION_MESSAGE_DAYS: whole(1, 36_500).default(90).describe("Days that messages are kept."),
  RETENTION_INBOX_DAYS: whole(1, 36_500)
    .default(365)
    .describe("Days that items of inboxes are kept, whether they were read or not."),
  ALLOW_PRIVATE_HOSTS: z
    .string()
    .default("")
    .describe(
      "Comma-separated hosts or CIDRs that vendors (mail servers too) and HTTP nodes may call although they are private; * for all.",
    ),
  SEND_CONCURRENCY: whole(1, 10_000)
    .default(256)
    .describe(
      "Vendor calls in flight in one process; a quarter is reserved for each of the two upper lanes.",
    ),
  CALL_CONCURRENCY: whole(4, 10_000)
    .default(128)
    .describe(
      "Calls of HTTP nodes in flight in one process; a quarter is reserved for each of the two upper lanes.",
    ),
  SESSION_IDLE_HOURS: whole(1, 8760)
    .default(72)
    .describe("Hours after which a session of the dashboard ends that nobody uses."),
  SESSION_DAYS: whole(1, 366)
    .default(30)
    .describe("Days after which people sign in again, however much they use the dashboard."),
  RETENTION_AUDIT_DAYS: whole(1, 36_500)
    .default(365)
    .describe("Days that the record of who changed what is kept."),
  REALTIME_PER_ADDRESS: whole(0, 1_000_000)
    .default(10_000)
    .describe(
      "Realtime connections, sockets and streams, that this process takes from one address. 0 for any number. Clients behind a proxy that TRUSTED_PROXIES does not name have one address together.",
    ),
  REALTIME_PER_PERSON: whole(0, 100_000)
    .default(50)
    .describe(
      "Realtime connections of one user, in all tenants, that this process takes: one for each open tab or app. 0 for any number.",
    ),
  REALTIME_DRAIN_SECONDS: whole(0, 3600)
    .default(5)
    .describe(
      "Over how many seconds a stopping process sends its realtime clients away, so that they do not all connect to the others at once. Part of SHUTDOWN_SECONDS.",
    ),
  SHUTDOWN_SECONDS: whole(1, 86_400).default(20).describe("How long a stopping process finishes its work."),
});

/** Also applies to a hand-made `Config`. */
export const configSchema = settings.refine(
  ({ DATABASE_URL, SECRET_KEY }) => DATABASE_URL === undefined || SECRET_KEY !== undefined,
  {
    path: ["SECRET_KEY"],
    error: `must be given with DATABASE_URL, and kept: ${MAKE_KEY}`,
    when: () => true,
  },
);

export type Config = z.output<typeof configSchema>;

/** Never shown: one is a secret, the other contains a password. */
const SECRETS = new Set(["DATABASE_URL", "SECRET_KEY"]);
const SHOWN = 60;

/** One or more invalid settings: a line for each, with its name and what it must be. */
export class SettingsError extends Error {
  override name = "SettingsError";
}

/**
 * Reads and checks the environment. White space around a value is ignored, except in a key; only white space counts as
 * no value. Throws `SettingsError`.
 */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const known = Object.fromEntries(
    Object.keys(configSchema.shape).flatMap((name) => {
      const value = env[name] ?? "";
      if (value.trim() === "") return [];
      return [[name, name === "SECRET_KEY" ? value : value.trim()]];
    }),
  );
  const parsed = configSchema.safeParse(known);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => {
    const name = path.join(".");
    const value = known[name];
    const isShown = value !== undefined && !SECRETS.has(name);
    return `${name} ${message}${isShown ? `, but is ${JSON.stringify(value.slice(0, SHOWN))}` : ""}.`;
  });
  throw new SettingsError([...new Set(lines)].join("\n"), { cause: parsed.error });
}

function whole(min: number, max: number): z.ZodType<number, number | string> {
  const text = `must be a whole number from ${min} to ${max}`;
  const digits = z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number);
  return z.union([z.number(), digits], text).pipe(z.number().int(text).min(min, text).max(max, text));
}

/** The host may be missing: a socket is then named in the query. */
function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text);
}

/** The entries of a comma-separated list. */
export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function isAddressRange(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** Paths are appended to it. */
function isPublicUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
}
