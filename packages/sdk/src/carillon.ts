import { platform } from "#platform";
import type { Api } from "./core/api.ts";
import { kindOf, MAX_TIMEOUT, optionalFunction, record, text, token, within } from "./core/check.ts";
import { bearer, type Credential, serviceToken, signedBy } from "./core/credentials.ts";
import { invalidInput } from "./core/errors.ts";
import type { Tracer } from "./core/tracing.ts";
import { createTransport, type Logger } from "./core/transport.ts";
import { Broadcasts } from "./resources/broadcasts.ts";
import { Categories } from "./management/categories.ts";
import { Clock } from "./management/clock.ts";
import { Keys } from "./management/keys.ts";
import { Workspaces } from "./management/workspaces.ts";
import { Events } from "./resources/events.ts";
import { Lists } from "./resources/lists.ts";
import { Logs } from "./management/logs.ts";
import { Messages } from "./resources/messages.ts";
import { Objects } from "./resources/objects.ts";
import { Preferences } from "./resources/preferences.ts";
import { Redrive } from "./management/redrive.ts";
import { Schemas } from "./management/schemas.ts";
import { Simulator } from "./management/simulator.ts";
import { Templates } from "./management/templates.ts";
import { Tenants } from "./resources/tenants.ts";
import { Translations } from "./management/translations.ts";
import { Users } from "./resources/users.ts";
import { Vendors } from "./management/vendors.ts";
import { type WorkflowPayloads, Workflows } from "./resources/workflows.ts";

/** Where the server is, and who calls. */
export interface CarillonOptions {
  /** Of the server, with a path if it has one. Default: `http://127.0.0.1:3000`. */
  url?: string;
  /** Of the workspace. With `secret`, requests are signed with it; inline triggers and broadcasts need it anyway. */
  key?: string;
  secret?: string;
  /** Instead of key and secret: `SS.…`. */
  apiKey?: string;
  /** For the management API: workflows, templates, logs and the like. */
  serviceToken?: string;
  /** Slug of the workspace that the management API is about. */
  workspace?: string;
  /** Milliseconds for one attempt. Default: 10 s. */
  timeout?: number;
  /** Further attempts after a failure that may pass. Default: 3. */
  retries?: number;
  /** Milliseconds before attempt 0, 1, 2 …; a longer wait that the server asks for holds. Default: a random share of 0.2, 0.4, 0.8 s … */
  retryDelay?: (attempt: number) => number;
  /** Gets a line for each attempt: method, path, status, time; never a body or a credential. */
  logger?: Logger;
  /** OpenTelemetry's, or one like it: each call is a span, with its retries. */
  tracer?: Tracer;
  /** Instead of the runtime's HTTP client, which is `node:http` in Node and the global `fetch` elsewhere. */
  fetch?: typeof fetch;
  /** Your application, in the User-Agent: `shop/1.4`. */
  app?: string;
}

/**
 * A client of one workspace. Make it once: it has no state of its own, and its connections are the runtime's.
 *
 * @example
 * await carillon.workflows.trigger("order-confirmed", { to: "ada", data: { order_id: "A-1001" } });
 */
export class Carillon<Map extends WorkflowPayloads = WorkflowPayloads> {
  readonly workflows: Workflows<Map>;
  readonly events: Events;
  readonly users: Users;
  readonly objects: Objects;
  readonly tenants: Tenants;
  readonly lists: Lists;
  readonly broadcasts: Broadcasts;
  readonly messages: Messages;
  readonly preferences: Preferences;
  readonly templates: Templates;
  readonly translations: Translations;
  readonly schemas: Schemas;
  readonly vendors: Vendors;
  readonly logs: Logs;
  readonly redrive: Redrive;
  readonly clock: Clock;
  readonly simulator: Simulator;
  readonly categories: Categories;
  readonly workspaces: Workspaces;
  readonly keys: Keys;

  constructor(options: CarillonOptions) {
    const api = connect(options);
    this.workflows = new Workflows(api);
    this.events = new Events(api);
    this.users = new Users(api);
    this.objects = new Objects(api);
    this.tenants = new Tenants(api);
    this.lists = new Lists(api);
    this.broadcasts = new Broadcasts(api);
    this.messages = new Messages(api);
    this.preferences = new Preferences(api);
    this.templates = new Templates(api);
    this.translations = new Translations(api);
    this.schemas = new Schemas(api);
    this.vendors = new Vendors(api);
    this.logs = new Logs(api);
    this.redrive = new Redrive(api);
    this.clock = new Clock(api);
    this.simulator = new Simulator(api);
    this.categories = new Categories(api);
    this.workspaces = new Workspaces(api);
    this.keys = new Keys(api);
  }
}

/**
 * Makes a client. The type parameter maps the slugs of workflows to what they take as their data; without it data is
 * anything.
 *
 * @example
 * interface Workflows {
 *   "order-confirmed": { order_id: string };
 * }
 * const client = createCarillon<Workflows>({ url: "http://127.0.0.1:3000", apiKey: "SS.key" });
 */
export function createCarillon<Map extends WorkflowPayloads = WorkflowPayloads>(
  options: CarillonOptions,
): Carillon<Map> {
  return new Carillon<Map>(options);
}

const DEFAULT_URL = "http://127.0.0.1:3000/";
const DEFAULT_TIMEOUT = 10_000;
const DEFAULT_RETRIES = 3;
const MAX_RETRIES = 100;

/**
 * Checks the options and makes what resources call.
 * @internal
 */
export function connect(given: CarillonOptions): Api {
  const options = record("options", given) as CarillonOptions;
  const { key, workspace, serviceToken: managing, app = "" } = options;
  const data = dataCredential(options);
  if (data === null && managing === undefined) {
    throw invalidInput("apiKey", "is missing: give an apiKey, or a key and a secret, or a serviceToken");
  }
  return {
    send: createTransport({
      url: baseUrl(options.url ?? DEFAULT_URL),
      data,
      management: managing === undefined ? null : serviceToken(token("serviceToken", managing)),
      timeout: within("timeout", options.timeout ?? DEFAULT_TIMEOUT, 1, MAX_TIMEOUT),
      retries: within("retries", options.retries ?? DEFAULT_RETRIES, 0, MAX_RETRIES),
      retryDelay: optionalFunction("retryDelay", options.retryDelay) ?? null,
      logger: record("logger", options.logger ?? {}),
      tracer: tracerOf(options.tracer),
      fetch: optionalFunction("fetch", options.fetch) ?? platform.fetch,
      app: appOf(app),
    }),
    workspaceKey: key === undefined ? null : token("key", key),
    workspace: workspace === undefined ? null : text("workspace", workspace),
  };
}

function dataCredential({ key, secret, apiKey }: CarillonOptions): Credential | null {
  if (apiKey !== undefined) {
    if (secret !== undefined)
      throw invalidInput("apiKey", "and secret are two ways to say who you are: give one");
    return bearer(token("apiKey", apiKey));
  }
  if (secret !== undefined) return signedBy(token("key", key), text("secret", secret, 1000));
  if (key !== undefined) throw invalidInput("secret", "is missing: a key signs with its secret");
  return null;
}

function tracerOf(tracer: Tracer | null | undefined): Tracer | null {
  if (tracer === undefined || tracer === null) return null;
  if (typeof tracer.startSpan === "function") return tracer;
  throw invalidInput("tracer", "must have a method startSpan, like one of OpenTelemetry's");
}

/** A part of a header. */
function appOf(app: string): string {
  if (typeof app === "string" && /^[ -~]*$/.test(app)) return app;
  throw invalidInput(
    "app",
    `must be printable ASCII, like shop/1.4, and is ${JSON.stringify(app) ?? kindOf(app)}`,
  );
}

function baseUrl(given: string): string {
  const url = text("url", given, 2048);
  if (!/^https?:\/\/[^\s/?#]+[^\s?#]*$/i.test(url)) {
    throw invalidInput(
      "url",
      `must be a web address without a query, like https://carillon.example.com, and is ${url}`,
    );
  }
  return url.endsWith("/") ? url : `${url}/`;
}
