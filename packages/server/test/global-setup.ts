import { rm } from "node:fs/promises";
import type { TestProject } from "vitest/node";
import { createDb } from "../src/db/db.ts";
import { startEmbeddedPostgres } from "../src/db/embedded.ts";
import { migrate } from "../src/db/migrate.ts";
import { createQueue } from "../src/queue/queue.ts";
import { createSilentLog } from "../src/log.ts";
import { temporaryFolder } from "./temporary-folder.ts";

declare module "vitest" {
  interface ProvidedContext {
    databaseUrl: string;
  }
}

/** One embedded PostgreSQL for the run, with a migrated template that each test clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await temporaryFolder("test");
  const settings = {
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: "300",
  };
  const server = await startEmbeddedPostgres({ dataDir: folder, log: () => {}, settings });
  const url = new URL(server.url);
  const admin = createDb({ url: server.url, max: 1, onError: () => {} });
  await admin.query("create database carillon_template");
  url.pathname = "/carillon_template";
  const template = createDb({ url: url.href, max: 2, onError: () => {} });
  await migrate(template);
  const queue = createQueue({ db: template, url: url.href, log: createSilentLog(), observe: () => {} });
  await queue.start({ worker: false });
  await queue.stop();
  await template.close();
  await admin.query("alter database carillon_template is_template true allow_connections false");
  await admin.close();
  project.provide("databaseUrl", server.url);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
