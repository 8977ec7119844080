import { z } from "zod";

/** Every environment variable, with unit and default. `process.env` is read here and nowhere else. */
export const configSchema = z.object({
  DATABASE_URL: z
    .string()
    .optional()
    .describe("PostgreSQL 15 or newer, as a URL. Absent: Carillon runs its own PostgreSQL under DATA_DIR."),
  DATA_DIR: z
    .string()
    .default(".carillon")
    .describe("Folder of the embedded database and generated secrets."),
  SECRET_KEY: z
    .string()
    .min(16)
    .optional()
    .describe(
      "Encrypts stored credentials. Required with DATABASE_URL; generated into DATA_DIR otherwise. At least 16 characters.",
    ),
  HOST: z.string().default("127.0.0.1").describe("Address the HTTP server listens on."),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(3000)
    .describe("Port of the HTTP server; 0 takes a free one."),
  PUBLIC_URL: z
    .url()
    .optional()
    .describe(
      "Address clients use, when a proxy stands in front. A path prefix in it is part of what they sign.",
    ),
  ROLE: z.enum(["all", "api", "worker"]).default("all").describe("What this process does."),
  LOG_LEVEL: z
    .enum(["silent", "error", "warn", "info", "debug"])
    .default("info")
    .describe("Least severe level that is logged."),
  MAX_BODY_KB: z.coerce
    .number()
    .int()
    .min(1)
    .default(3072)
    .describe(
      "Largest request body in KB. Clients measure 800 KB in UTF-16 units, so real bytes can reach 2.4 MB.",
    ),
  MAX_RECIPIENTS: z.coerce.number().int().min(1).default(100).describe("Recipients in one trigger."),
  DATABASE_POOL: z.coerce.number().int().min(4).default(20).describe("Database connections of this process."),
  RETENTION_REQUEST_DAYS: z.coerce.number().int().min(1).default(30).describe("Days that requests are kept."),
  RETENTION_RUN_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .default(30)
    .describe("Days that finished runs are kept."),
  RETENTION_MESSAGE_DAYS: z.coerce.number().int().min(1).default(90).describe("Days that messages are kept."),
  ALLOW_PRIVATE_HOSTS: z
    .string()
    .default("")
    .describe(
      "Comma-separated hosts or CIDRs that vendors and HTTP nodes may call although they are private; * for all.",
    ),
  SEND_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .default(256)
    .describe(
      "Vendor calls in flight in one process; a quarter is reserved for each of the two upper lanes.",
    ),
  CALL_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(4)
    .default(128)
    .describe(
      "Calls of HTTP nodes in flight in one process; a quarter is reserved for each of the two upper lanes.",
    ),
  SHUTDOWN_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(20)
    .describe("How long a stopping process finishes its work."),
});

export type Config = z.output<typeof configSchema>;

/** Reads and checks the environment. Throws one line per wrong variable. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const known = Object.fromEntries(
    Object.keys(configSchema.shape).flatMap((name) => {
      const value = env[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
  const parsed = configSchema.safeParse(known);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`Wrong settings:\n${lines.join("\n")}`, { cause: parsed.error });
}
