import type { Clock } from "../src/workspaces/clock.ts";
import { inject } from "vitest";
import { createDb } from "../src/db/db.ts";
import { configSchema } from "../src/config.ts";
import { createSilentLog } from "../src/log.ts";
import { type Carillon, startCarillon } from "../src/main.ts";
import type { Workspace } from "../src/workspaces/workspaces.ts";
import { randomToken } from "../src/ids.ts";

/** Seals the secrets of test databases. */
export const SECRET_KEY = "a-secret-key-for-tests";

/** A running Carillon and its database, as one workspace or another of it needs them. */
export interface Server extends Pick<Carillon, "app" | "services"> {
  serviceToken: string;
  /** Of the cloned database. */
  databaseUrl: string;
}

/**
 * A whole Carillon for tests, on a fresh database cloned from the migrated template of the run's embedded
 * PostgreSQL: HTTP in-process through `app.inject`, engine and delivery running.
 */
export interface Harness extends Server, Pick<Carillon, "url"> {
  workspace: Workspace;
  wsKey: string;
  wsSecret: string;
  apiKey: string;
  close: () => Promise<void>;
}

export interface HarnessOptions {
  /** Default `all`; `api` does not process accepted work. */
  role?: "all" | "api" | "worker";
  clock?: Clock;
  env?: Record<string, string>;
  /** Another way to the database than the direct one. */
  through?: (databaseUrl: string) => Promise<string>;
}

export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const databaseUrl = await cloneDatabase();
  const config = configSchema.parse({
    DATABASE_URL: (await options.through?.(databaseUrl)) ?? databaseUrl,
    SECRET_KEY,
    PORT: 0,
    ROLE: options.role ?? "all",
    LOG_LEVEL: "silent",
    ALLOW_PRIVATE_HOSTS: "127.0.0.1",
    // Tests do in a second what a person does in an hour.
    CLIENT_RATE_LIMIT_PER_SECOND: "0",
    ...options.env,
  });
  const carillon = await startCarillon({
    config,
    log: createSilentLog(),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  const { first } = carillon;
  if (first === null) throw new Error("the cloned database was not fresh");
  return {
    app: carillon.app,
    services: carillon.services,
    url: carillon.url,
    workspace: first.workspace,
    wsKey: first.ws_key,
    wsSecret: first.ws_secret,
    apiKey: first.api_key,
    serviceToken: first.service_token,
    databaseUrl,
    async close() {
      await carillon.stop();
      await dropDatabase(databaseUrl);
    },
  };
}

/** A copy of the migrated template; about 50 ms. Its maker drops it. */
export async function cloneDatabase(): Promise<string> {
  const url = new URL(inject("databaseUrl"));
  const name = `test_${randomToken(9).toLowerCase().replaceAll("-", "_")}`;
  await onServer((query) => query(`create database "${name}" template carillon_template`));
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(databaseUrl: string): Promise<void> {
  const name = new URL(databaseUrl).pathname.slice(1);
  await onServer((query) => query(`drop database if exists "${name}" with (force)`));
}

async function onServer(
  work: (query: (text: string) => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const db = createDb({ url: inject("databaseUrl"), max: 1, onError: () => {} });
  try {
    await work((text) => db.query(text));
  } finally {
    await db.close();
  }
}

/** Waits for an external condition; never a fixed time. Throws the error of the last attempt. */
export async function until<T>(look: () => Promise<T | null | undefined | false>, seconds = 15): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`nothing came within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
