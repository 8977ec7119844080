import { errorMessage } from "./core/text/error-message.ts";
import { type Clock, databaseClock } from "./workspaces/clock.ts";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { hostedDomain } from "./api/hub/tenant/present-tenant.ts";
import { routes } from "./api/index.gen.ts";
import { bootstrap, type FirstCredentials, makeWorkspace } from "./bootstrap.ts";
import { type Config, listOf, readConfig, SettingsError } from "./config.ts";
import type { Channel } from "./core/channel.ts";
import type { JsonObject } from "./core/json.ts";
import { isLoopback } from "./core/text/loopback.ts";
import { type ChannelDefinition, renderPlain } from "./channels/channel.ts";
import { rootOf } from "./core/lane.ts";
import type { Db } from "./db/db.ts";
import {
  type EmbeddedPostgres,
  explainOwnDatabase,
  findRunningPostgres,
  startEmbeddedPostgres,
} from "./db/embedded.ts";
import { type Backup, backUpFolder } from "./db/embedded/backup.ts";
import { checkWrites } from "./db/check-writes.ts";
import { explainDatabaseError } from "./db/explain.ts";
import { openDatabase } from "./db/open-database.ts";
import { createDial, type Dial } from "./delivery/http/dial.ts";
import { createHttpClient, type HttpClient } from "./delivery/http/http.ts";
import { createFeedActions } from "./delivery/feed-actions.ts";
import { createDeviceReports } from "./delivery/device-reports.ts";
import { createMessageActions } from "./delivery/message-actions.ts";
import { createTrackedMails } from "./delivery/tracking/mail-tracking.ts";
import { createVendorReports } from "./delivery/vendor-reports.ts";
import { createSystemMail } from "./delivery/system-mail.ts";
import { createVendorAdmin } from "./delivery/vendor-admin.ts";
import { recipientsWithSignals } from "./engine/waits/profile-signals.ts";
import { catalogWithSignals } from "./engine/waits/tenant-signals.ts";
import { createApp } from "./http/app.ts";
import { createSocketProof } from "./http/auth/socket.ts";
import { createClientAddress } from "./http/client-address.ts";
import { createHealth } from "./http/health.ts";
import { listen, tryAddress } from "./http/listen.ts";
import { describeApi } from "./http/openapi.ts";
import { registerPages } from "./http/pages/pages.ts";
import { serveWorker } from "./http/pages/serve-worker.ts";
import { registerSystemRoutes } from "./http/system-routes.ts";
import { createIdSource, randomToken } from "./ids.ts";
import { createLog, type Log } from "./log.ts";
import { startMachinery } from "./machinery.ts";
import { eraseUsers } from "./maintenance/erase-users.ts";
import { createMaintenance } from "./maintenance/maintenance.ts";
import { createErasures } from "./privacy/erasures.ts";
import { recordedCredentials } from "./people/recorded-credentials.ts";
import { createPeople } from "./people/people.ts";
import { createMetrics, type QueueReading } from "./metrics.ts";
import { createFeedHub } from "./realtime/hub.ts";
import { createRealtime } from "./realtime/realtime.ts";
import type { Services } from "./services.ts";
import { createSecretBox } from "./workspaces/crypto.ts";
import {
  createWorkspaces,
  type MadeWorkspace,
  type NewWorkspace,
  SlugError,
  type Workspaces,
} from "./workspaces/workspaces.ts";

/**
 * The only composition root: config → database → machinery → HTTP. Everything with a lifetime is created here, passed to
 * its users, and stopped in reverse order.
 */
export interface Carillon {
  /** Where the HTTP server listens. */
  url: string;
  /** Set on the very first start of a database. */
  first: FirstCredentials | null;
  app: FastifyInstance;
  services: Services;
  stop: () => Promise<void>;
  /**
   * Stops our own database alone, for a process that ends before `stop` has: the server would outlive it. Nothing
   * committed is lost, and what is in flight goes on after a restart.
   */
  stopDatabase: () => Promise<void>;
}

export interface StartOptions {
  config?: Config;
  log?: Log;
  /** Called once when the embedded database has ended unexpectedly: nothing works from then on. */
  onDatabaseEnd?: (line: string) => void;
  /** For tests: replaces the database's clock. */
  clock?: Clock;
  /** Adds routes of the program that embeds the server, before it listens; they answer for themselves. */
  extend?: (app: FastifyInstance) => void | Promise<void>;
}

export const VERSION = "0.1.0";
/** The built dashboard, in this repository and in the image alike. */
const DASHBOARD = fileURLToPath(new URL("../../dashboard/dist", import.meta.url));
/** Erasures look through what is left of requests with problems. */
const ERASURE_STATEMENT_MS = 600_000;
const VENDOR_TIMEOUT_MS = 30_000;

export async function startCarillon(options: StartOptions = {}): Promise<Carillon> {
  const config = options.config ?? readConfig();
  const log = options.log ?? createLog(config.LOG_LEVEL);
  const stops = new AsyncDisposableStack();
  const stop = () => stops.disposeAsync();
  let stopDatabase = async () => {};
  const onDatabaseStart = (stopServer: () => Promise<void>) => (stopDatabase = stopServer);
  try {
    const composed = await compose(config, log, { ...options, onDatabaseStart }, stops);
    return { ...composed, stop, stopDatabase };
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface Credentials {
  workspaces: Workspaces;
  makeWorkspace: (input: NewWorkspace) => Promise<MadeWorkspace>;
  close: () => Promise<void>;
}

/**
 * Opens only the credentials of a database, for commands. With the embedded database this is the server running on the
 * folder, or one started temporarily.
 */
export async function openCredentials(config = readConfig()): Promise<Credentials> {
  const stops = new AsyncDisposableStack();
  const close = () => stops.disposeAsync();
  try {
    const running =
      config.DATABASE_URL === undefined ? await findRunningPostgres(resolve(config.DATA_DIR)) : null;
    const { db } = await connect(config, createLog("error"), stops, { running });
    const box = createSecretBox(await secretKey(config));
    const ids = createIdSource();
    return {
      workspaces: recordedCredentials(createWorkspaces(db, box, ids), db, ids),
      makeWorkspace: (input) =>
        db
          .tx((tx) => makeWorkspace(tx, input, box, ids))
          .catch((error: unknown) => {
            if (!(error instanceof SlugError) || !error.is_taken) throw error;
            throw new Error(`${error.message}; \`--workspace ${input.slug}\` shows it`, { cause: error });
          }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Copies the embedded database, its keys included, to a folder that must not exist, while a server runs on it or not. A
 * start with that folder as `DATA_DIR` goes on from there.
 */
export async function backUp(target: string, config = readConfig()): Promise<Backup> {
  if (config.DATABASE_URL !== undefined) {
    throw new SettingsError(
      "DATABASE_URL names a PostgreSQL of your own: back it up with its own tools, and SECRET_KEY apart from it.",
    );
  }
  return backUpFolder(resolve(config.DATA_DIR), target);
}

interface ConnectOptions {
  /** The address of our own database if it is already running. */
  running?: string | null;
  onEnd?: StartOptions["onDatabaseEnd"];
  onStart?: OnDatabaseStart | undefined;
}

/** Receives what stops our own database, whatever else has stopped by then. */
type OnDatabaseStart = (stop: () => Promise<void>) => void;

async function connect(
  config: Config,
  log: Log,
  stops: AsyncDisposableStack,
  { running = null, onEnd, onStart = () => {} }: ConnectOptions,
): Promise<{ db: Db; url: string; isOutOfRoom: () => boolean }> {
  const { DATABASE_URL: given, DATA_DIR } = config;
  const known = given ?? running;
  const { url, isOutOfRoom } =
    known === null
      ? await startOwnDatabase(config, log, stops, { onEnd, onStart })
      : { url: known, isOutOfRoom: () => false };
  const onError = (error: Error) => log.warn({ err: error }, "database connection");
  const db = await openDatabase({ url, max: config.DATABASE_POOL, onError }, (error) =>
    given === undefined ? explainOwnDatabase(error, resolve(DATA_DIR)) : explainDatabaseError(error, given),
  );
  stops.defer(db.close);
  return { db, url, isOutOfRoom };
}

async function compose(
  config: Config,
  log: Log,
  {
    clock = databaseClock,
    onDatabaseEnd,
    onDatabaseStart,
    extend,
  }: StartOptions & { onDatabaseStart: OnDatabaseStart },
  stops: AsyncDisposableStack,
): Promise<Omit<Carillon, "stop" | "stopDatabase">> {
  // Checks that depend only on the settings come before the first change to anything.
  await tryAddress({ host: config.HOST, port: config.PORT });
  const { http, dial } = createWaysOut(config);
  stops.defer(http.close);
  if (config.DATABASE_URL !== undefined) await secretKey(config);
  const { db, url, isOutOfRoom } = await connect(config, log, stops, {
    onEnd: onDatabaseEnd,
    onStart: onDatabaseStart,
  });
  const ids = createIdSource();
  const box = createSecretBox(await secretKey(config));
  const worker = config.ROLE !== "api";
  const baseUrl = config.PUBLIC_URL?.replace(/\/+$/, "");
  const metrics = createMetrics();
  const hub = createFeedHub({ db, log });
  await hub.start();
  stops.defer(hub.stop);
  const {
    workspaces,
    catalog,
    recipients,
    lists,
    preferences,
    queue,
    engine,
    channels,
    vendors,
    vendorTables,
  } = await startMachinery(
    {
      db,
      url,
      log,
      ids,
      clock,
      box,
      http,
      dial,
      worker,
      preference_domain: hostedDomain(config),
      max_profile_bytes: config.MAX_PROFILE_KB * 1024,
      call_concurrency: config.CALL_CONCURRENCY,
      send_concurrency: config.SEND_CONCURRENCY,
      vendor_timeout_ms: VENDOR_TIMEOUT_MS,
      ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
      meter: {
        ...metrics,
        stage: (stage, lane, seconds, refs) => metrics.stage(stage, rootOf(lane), seconds, refs),
      },
      announce: hub.announce,
      onSettled(settled) {
        for (const { message, verdict } of settled) metrics.message(message.channel, verdict.status);
      },
    },
    stops,
  );
  const measureQueues = async (): Promise<QueueReading[]> =>
    (await queue.measure()).map((depth) => ({ ...depth, lane: rootOf(depth.lane) }));
  const erasures = createErasures({ db: db.patient(ERASURE_STATEMENT_MS), ids, engine });
  if (worker) {
    const maintenance = createMaintenance({ db, log, config }, [eraseUsers(erasures)]);
    maintenance.start();
    stops.defer(maintenance.stop);
    stops.defer(erasures.stop);
  }

  const vendorAdmin = createVendorAdmin({ tables: vendorTables, box, ids, catalog, vendors });
  const people = createPeople({
    db,
    ids,
    log,
    box,
    mail: createSystemMail({ db, log, vendors: vendorAdmin, render: plainMail(channels) }),
    // Who can read the log of a server on this machine alone is this machine's user.
    logs_codes: isLoopback(config.HOST),
    life: { idle_seconds: config.SESSION_IDLE_HOURS * 3600, seconds: config.SESSION_DAYS * 86_400 },
  });
  stops.defer(people.stop);
  const messageActions = createMessageActions({ queue, announce: hub.announce });
  const realtime = createRealtime({
    db,
    log,
    hub,
    meter: metrics,
    per_address: config.REALTIME_PER_ADDRESS,
    per_person: config.REALTIME_PER_PERSON,
    drain_ms: config.REALTIME_DRAIN_SECONDS * 1000,
  });

  const services: Services = {
    config,
    db,
    ids,
    log,
    workspaces,
    catalog: catalogWithSignals(catalog, { queue, clock, ids }),
    recipients: recipientsWithSignals(recipients, { queue, clock }),
    preferences,
    lists,
    people,
    erasures,
    channels,
    makeWorkspace: (tx, input) => makeWorkspace(tx, input, box, ids),
    feedActions: createFeedActions({ queue, announce: hub.announce }),
    announce: hub.announce,
    messageActions,
    deviceReports: createDeviceReports({ queue, messageActions }),
    vendors: vendorAdmin,
    trackedMails: createTrackedMails({ db, workspaces }),
    vendorReports: createVendorReports({ db, box, http, base_url: baseUrl ?? null, vendors }),
    engine,
    openStream: realtime.openStream,
    baseUrl: baseUrl ?? null,
    signedPrefix: baseUrl === undefined ? "" : new URL(baseUrl).pathname.replace(/\/$/, ""),
  };
  const trusted_proxies = listOf(config.TRUSTED_PROXIES);
  const app = createApp(routes, services, {
    max_body_bytes: config.MAX_BODY_KB * 1024,
    trusted_proxies,
    observe: metrics.request,
    isOutOfRoom,
  });
  const checkHealth = createHealth({
    db,
    measureQueues,
    checkWrites: () => checkWrites(db),
    acceptWaited_ms: engine.acceptWaited_ms,
    isOutOfRoom,
  });
  const openapi = () => describeApi(routes, VERSION);
  registerSystemRoutes(app, { metrics, checkHealth, openapi, connections: realtime.connections });
  realtime.openSockets({
    server: app.server,
    addressOf: createClientAddress(trusted_proxies),
    ...createSocketProof(services),
  });
  await registerPages(app, { dashboard: DASHBOARD });
  serveWorker(app, baseUrl ?? null);
  await extend?.(app);
  stops.defer(() => app.close());
  stops.defer(realtime.stop);
  const address = await listen(app, { host: config.HOST, port: config.PORT });
  // Last: credentials are shown once, so nothing may fail between their creation and their display.
  const first = await bootstrap(db, box, ids);
  await offerSetup(services, address);
  log.info(
    { url: address, role: config.ROLE, embedded: config.DATABASE_URL === undefined },
    "carillon is up",
  );
  return { url: address, first, app, services };
}

/**
 * A server that others can reach has no first visit that is signed in: its log has a link, good once, that makes the
 * first admin. The token stands after the `#`, which browsers send nowhere.
 */
async function offerSetup({ config, people, baseUrl, log }: Services, address: string): Promise<void> {
  if (config.ROLE === "worker" || (isLoopback(config.HOST) && baseUrl === null)) return;
  const token = await people.signIn.makeSetupToken();
  if (token === null) return;
  log.warn(
    { url: `${baseUrl ?? address}/set-up#token=${token}` },
    "nobody can sign in yet: open this link within a day to make the first admin",
  );
}

/** A mail of text alone, as the channel has it. */
function plainMail(channels: ReadonlyMap<Channel, ChannelDefinition>) {
  return (subject: string, text: string): JsonObject => {
    const email = channels.get("email");
    if (email === undefined) throw new Error("there is no e-mail channel");
    return renderPlain(email, { subject, body: { type: "plain_text", plain_text: { text } } });
  };
}

async function startOwnDatabase(
  config: Config,
  log: Log,
  stops: AsyncDisposableStack,
  { onEnd, onStart }: { onEnd: StartOptions["onDatabaseEnd"]; onStart: OnDatabaseStart },
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDir: resolve(config.DATA_DIR),
    log: (line) => log.info({}, line),
    onExit(line) {
      log.error({}, line);
      onEnd?.(line);
    },
  });
  stops.defer(server.stop);
  onStart(server.stop);
  return server;
}

/** With our own database the key is stored beside it; with an external one it must be given. */
async function secretKey(config: Config): Promise<string> {
  if (config.SECRET_KEY !== undefined) return config.SECRET_KEY;
  if (config.DATABASE_URL !== undefined) {
    throw new SettingsError("SECRET_KEY must be given with DATABASE_URL.");
  }
  const file = join(resolve(config.DATA_DIR), "secret.key");
  const known = await readKey(file);
  if (known !== null) return known;
  // Renamed only when complete: half a key, on a full disk, would be taken for a valid one.
  await writeFile(`${file}.new`, `${randomToken(32)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return (await readKey(file)) ?? "";
}

async function readKey(file: string): Promise<string | null> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new Error(`${file} cannot be read (${error.message}). Give this user access to it.`, {
      cause: error,
    });
  });
  if (text === null) return null;
  const key = text.trim();
  if (key === "")
    throw new Error(`${file} is empty. Restore it from a backup: it opens the secrets of the database.`);
  return key;
}

/** All that leaves this process for addresses that customers write, under one guard. */
function createWaysOut({ ALLOW_PRIVATE_HOSTS }: Config): { http: HttpClient; dial: Dial } {
  const hosts = listOf(ALLOW_PRIVATE_HOSTS);
  const allow_private = hosts.filter(Boolean);
  try {
    return { http: createHttpClient({ allow_private }), dial: createDial({ allow_private }) };
  } catch (error) {
    const reason = errorMessage(error);
    throw new SettingsError(`ALLOW_PRIVATE_HOSTS: ${reason}.`, { cause: error });
  }
}
