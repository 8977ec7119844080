import { type Api, keyed } from "../core/api.ts";
import { optionalText, record, text } from "../core/check.ts";
import { type CarillonOptions, connect } from "../carillon.ts";
import { inputError, SuprsendConfigError, underNamesNow } from "./errors.ts";
import { SubscriberListsApi } from "./lists.ts";
import { MessagesApi } from "./messages.ts";
import { ObjectsApi } from "./objects.ts";
import {
  addAttachment,
  type AttachmentArgs,
  type BrandArgs,
  dataOf,
  type Dictionary,
  Event,
  Workflow,
} from "./records.ts";
import { type SResponse, settled } from "./replies.ts";
import { bulkEvents, type BulkSends, bulkWorkflows, WorkflowsApi } from "./sends.ts";
import { BrandsApi, TenantsApi } from "./tenants.ts";
import { BulkUsersEdit, Subscriber, UsersApi } from "./users.ts";

/** As the other client is configured, and what this one has besides. */
export interface SuprsendConfig extends Pick<
  CarillonOptions,
  "timeout" | "retries" | "retryDelay" | "logger" | "tracer" | "fetch"
> {
  /** Of the Carillon server. Default: `http://127.0.0.1:3000/`. */
  base_url?: string;
  app_info?: { name: string; version?: string };
}

/** Makes instances to which records are appended. */
interface Factory<Instance> {
  new_instance: () => Instance;
}

/** Makes users to be edited and saved. */
interface SubscriberFactory {
  get_instance: (distinct_id: string) => Subscriber;
  /** The same by its older name. */
  new_user: (distinct_id: string) => Subscriber;
}

/**
 * A client of one workspace under the names of `@suprsend/node-sdk`.
 *
 * @example
 * const response = await supr_client.workflows.trigger(
 *   new WorkflowTriggerRequest({ workflow: "order-confirmed", recipients: ["ada"], data: { order_id: "A-1001" } }),
 * );
 */
export class Suprsend {
  readonly workflows: WorkflowsApi;
  readonly users: UsersApi;
  readonly objects: ObjectsApi;
  readonly tenants: TenantsApi;
  readonly brands: BrandsApi;
  readonly subscriber_lists: SubscriberListsApi;
  readonly messages: MessagesApi;
  readonly bulk_workflows: Factory<BulkSends<Workflow>>;
  readonly bulk_events: Factory<BulkSends<Event>>;
  readonly bulk_users: Factory<BulkUsersEdit>;
  readonly user: SubscriberFactory;
  readonly #api: Api;

  constructor(workspace_key: string, workspace_secret: string, config: SuprsendConfig = {}) {
    const api = connected(workspace_key, workspace_secret, config ?? {});
    this.#api = api;
    this.workflows = new WorkflowsApi(api);
    this.users = new UsersApi(api);
    this.objects = new ObjectsApi(api);
    this.tenants = new TenantsApi(api);
    this.brands = new BrandsApi(api);
    this.subscriber_lists = new SubscriberListsApi(api);
    this.messages = new MessagesApi(api);
    this.bulk_workflows = { new_instance: () => bulkWorkflows(api) };
    this.bulk_events = { new_instance: () => bulkEvents(api) };
    this.bulk_users = { new_instance: () => new BulkUsersEdit(api) };
    const subscriber = (distinct_id: string) => new Subscriber(api, distinct_id);
    this.user = { get_instance: subscriber, new_user: subscriber };
  }

  /**
   * Does not throw for what the server refuses: `success` says.
   * @example
   * const event = new Event("ada", "Order Placed", { order_id: "A-1001" });
   * const { success } = await supr_client.track_event(event);
   */
  async track_event(event: Event): Promise<SResponse> {
    if (!(event instanceof Event)) throw inputError("event", "must be an Event");
    return settled(
      async () =>
        this.#api.send({ method: "POST", path: "event/", bytes: event.toBytes(), repeatable: true }),
      ({ statusText }) => statusText,
    );
  }

  /**
   * The same without making an Event.
   * @example
   * await supr_client.track("ada", "Order Placed", { order_id: "A-1001" });
   */
  async track(
    distinct_id: string,
    event_name: string,
    properties: Dictionary = {},
    kwargs: BrandArgs = {},
  ): Promise<SResponse> {
    return this.track_event(new Event(distinct_id, event_name, properties, kwargs));
  }

  /**
   * Triggers what the body itself describes.
   * @example
   * await supr_client.trigger_workflow(
   *   new Workflow({ name: "Shipped", template: "order-shipped", notification_category: "transactional", users: ["ada"] }),
   * );
   */
  async trigger_workflow(body: Workflow | Dictionary): Promise<SResponse> {
    const workflow = body instanceof Workflow ? body : new Workflow(body);
    return settled(
      async () =>
        this.#api.send({
          method: "POST",
          path: keyed(this.#api, "trigger/"),
          bytes: workflow.toBytes(),
          repeatable: true,
        }),
      ({ statusText }) => statusText,
    );
  }

  /**
   * Adds a file to a body's data, and returns the body. Use `add_attachment` of the request.
   * @example
   * supr_client.add_attachment({ data: {} }, "https://example.com/invoice.pdf");
   */
  add_attachment(body: Dictionary, file_path: string, kwargs: AttachmentArgs = {}): Dictionary {
    addAttachment(dataOf(body), file_path, kwargs);
    return body;
  }
}

function connected(workspace_key: string, workspace_secret: string, config: SuprsendConfig): Api {
  const { base_url, app_info, ...rest } = config;
  for (const [field, given] of Object.entries({ workspace_key, workspace_secret })) {
    if (!given) throw new SuprsendConfigError("invalid_input", `Missing ${field}`, { field });
  }
  return underNamesNow(() =>
    connect({
      ...rest,
      key: workspace_key,
      secret: workspace_secret,
      ...(base_url === undefined ? {} : { url: base_url }),
      ...(app_info === undefined || app_info === null ? {} : { app: appOf(app_info) }),
    }),
  );
}

function appOf(app_info: { name: string; version?: string }): string {
  const { name, version } = record("app_info", app_info);
  const app = text("app_info.name", name);
  const of = optionalText("app_info.version", version);
  return of === undefined ? app : `${app}/${of}`;
}
