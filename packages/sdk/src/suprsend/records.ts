import { toWireAttachmentSync } from "../core/attachments.ts";
import { measured } from "../core/body.ts";
import { items, optionalText, record, tenantId, text } from "../core/check.ts";
import { isRecord } from "../core/is-record.ts";
import { randomId } from "../core/random.ts";
import { MAX_RECIPIENTS } from "../core/records.ts";
import { eventName } from "../resources/events.ts";
import { listId } from "../resources/lists.ts";
import { inputError, underNamesNow } from "./errors.ts";

/** A JSON object, whose values can be read without a check, as with the other client: code that reads answers compiles. */
// oxlint-disable-next-line typescript/no-explicit-any -- it is `any` there
export type Dictionary = Record<string, any>;

export interface AttachmentArgs {
  file_name?: string;
  ignore_if_error?: boolean;
}

export interface RecordArgs {
  idempotency_key?: string | undefined;
  tenant_id?: string | undefined;
}

export interface BrandArgs extends RecordArgs {
  /** The former name of `tenant_id`. */
  brand_id?: string | undefined;
}

/** Something that is sent: as the JSON that its maker gave, and as what goes out. */
export interface Sendable {
  as_json: () => Dictionary;
  /** Checked and measured. Throws what is wrong, naming the field. */
  toBytes: () => Uint8Array<ArrayBuffer>;
}

/** What a record is when it is appended: what is done to it later does not count. */
export function snapshot(toBytes: () => Uint8Array<ArrayBuffer>): () => Uint8Array<ArrayBuffer> {
  try {
    const bytes = toBytes();
    return () => bytes;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** A file at a path or a URL, added to `$attachments` of a payload. A file that is not there is an error at once. */
export function addAttachment(payload: Dictionary, file_path: string, args: AttachmentArgs = {}): void {
  const file = underNamesNow(() => {
    const filename = optionalText("file_name", args?.file_name);
    return toWireAttachmentSync(text("file_path", file_path, 4096), {
      ignoreIfError: args?.ignore_if_error ?? false,
      ...(filename === undefined ? {} : { filename }),
    });
  });
  const before = Array.isArray(payload.$attachments) ? (payload.$attachments as unknown[]) : [];
  payload.$attachments = [...before, file];
}

/** The payload of a body, made if it has none. */
export function dataOf(given: Dictionary): Dictionary {
  const body = bodyOf("add_attachment", given);
  body.data ??= {};
  if (!isRecord(body.data)) throw inputError("data", "must be an object to have attachments");
  return body.data;
}

function bodyOf(kind: string, body: unknown): Dictionary {
  if (!isRecord(body)) throw inputError(kind, "body must be a JSON object");
  return body;
}

function keyed({ idempotency_key, tenant_id, brand_id }: BrandArgs): Dictionary {
  const key = optionalText("idempotency_key", idempotency_key || undefined);
  const tenant = tenantId("tenant_id", tenant_id || undefined);
  const brand = tenantId("brand_id", brand_id || undefined);
  return {
    ...(key === undefined ? {} : { $idempotency_key: key }),
    ...(tenant === undefined ? {} : { tenant_id: tenant }),
    ...(brand === undefined ? {} : { brand_id: brand }),
  };
}

/** Each send of a record without a key is a request of its own, and its retries are the same request. */
function withKey(wire: Dictionary): Dictionary {
  return { ...wire, $idempotency_key: optionalText("$idempotency_key", wire.$idempotency_key) ?? randomId() };
}

const TRIGGER_KEYS = new Set([
  "workflow",
  "recipients",
  "actor",
  "data",
  "metadata",
  "tenant_id",
  "cancellation_key",
  "$idempotency_key",
]);

/**
 * A trigger of a workflow by its slug.
 * @example
 * const request = new WorkflowTriggerRequest(
 *   { workflow: "order-confirmed", recipients: ["ada"], data: { order_id: "A-1001" } },
 *   { idempotency_key: "order-A-1001", tenant_id: "acme" },
 * );
 * const response = await supr_client.workflows.trigger(request);
 */
export class WorkflowTriggerRequest implements Sendable {
  body: Dictionary;
  idempotency_key: string | undefined;
  tenant_id: string | undefined;
  cancellation_key: string | undefined;

  constructor(body: Dictionary, kwargs: RecordArgs & { cancellation_key?: string | undefined } = {}) {
    this.body = bodyOf("WorkflowTriggerRequest", body);
    this.idempotency_key = kwargs?.idempotency_key;
    this.tenant_id = kwargs?.tenant_id;
    this.cancellation_key = kwargs?.cancellation_key;
  }

  /**
   * @example
   * const request = new WorkflowTriggerRequest({ workflow: "order-confirmed", recipients: ["ada"] });
   * request.add_attachment("https://example.com/invoice.pdf", { file_name: "invoice.pdf" });
   */
  add_attachment(file_path: string, kwargs: AttachmentArgs = {}): void {
    addAttachment(dataOf(this.body), file_path, kwargs);
  }

  /**
   * @example
   * new WorkflowTriggerRequest({ workflow: "order-confirmed", recipients: ["ada"] }).as_json();
   */
  as_json(): Dictionary {
    return {
      ...this.body,
      ...(this.idempotency_key ? { $idempotency_key: this.idempotency_key } : {}),
      ...(this.tenant_id ? { tenant_id: this.tenant_id } : {}),
      ...(this.cancellation_key ? { cancellation_key: this.cancellation_key } : {}),
    };
  }

  /** @internal */
  toBytes(): Uint8Array<ArrayBuffer> {
    const json = this.as_json();
    const unknown = Object.keys(json).find((key) => !TRIGGER_KEYS.has(key));
    if (unknown !== undefined) {
      throw inputError(unknown, `is not a field of a trigger; there are ${[...TRIGGER_KEYS].join(", ")}`);
    }
    const { workflow, recipients: to, actor: by, data, tenant_id, cancellation_key } = json;
    const wire = {
      ...json,
      workflow: text("workflow", workflow),
      recipients: listOf("recipients", to),
      ...(by === undefined || by === null ? {} : { actor: by }),
      data: data === undefined || data === null ? {} : record("data", data),
      tenant_id: tenantId("tenant_id", tenant_id),
      cancellation_key: optionalText("cancellation_key", cancellation_key),
    };
    return measured(withKey(wire), "workflow");
  }
}

/** What is in them the server says: as with the other client, its answer is the answer. */
function listOf(field: string, given: unknown): readonly unknown[] {
  if (!Array.isArray(given)) throw inputError(field, "must be an array of distinct_ids or objects");
  const list = items(field, given as unknown[], MAX_RECIPIENTS);
  const wrong = list.findIndex((one) => typeof one !== "string" && !isRecord(one));
  if (wrong !== -1) throw inputError(`${field}[${wrong}]`, "must be a distinct_id or an object");
  return list;
}

/** What an inline trigger and a broadcast have in common: a body, and whose it is. */
class BrandedBody {
  body: Dictionary;
  idempotency_key: string | undefined;
  tenant_id: string | undefined;
  brand_id: string | undefined;

  constructor(kind: string, body: Dictionary, kwargs: BrandArgs) {
    this.body = bodyOf(kind, body);
    this.idempotency_key = kwargs?.idempotency_key;
    this.tenant_id = kwargs?.tenant_id;
    this.brand_id = kwargs?.brand_id;
  }

  /**
   * @example
   * const workflow = new Workflow({ name: "Shipped", template: "order-shipped", users: ["ada"] });
   * workflow.add_attachment("https://example.com/invoice.pdf");
   */
  add_attachment(file_path: string, kwargs: AttachmentArgs = {}): void {
    addAttachment(dataOf(this.body), file_path, kwargs);
  }

  /**
   * @example
   * new SubscriberListBroadcast({ list_id: "beta-testers", template: "news" }).as_json();
   */
  as_json(): Dictionary {
    return { ...this.body, ...keyedLoosely(this) };
  }
}

/**
 * A trigger that contains its template and category.
 * @example
 * const workflow = new Workflow({
 *   name: "Order shipped", template: "order-shipped", notification_category: "transactional",
 *   users: [{ distinct_id: "ada" }], data: { order_id: "A-1001" },
 * });
 * const response = await supr_client.trigger_workflow(workflow);
 */
export class Workflow extends BrandedBody implements Sendable {
  constructor(body: Dictionary, kwargs: BrandArgs = {}) {
    super("Workflow", body, kwargs);
  }

  /** @internal */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { body } = this;
    const wire = {
      ...body,
      ...keyed(this),
      name: text("name", body.name),
      template: text("template", body.template),
      notification_category: text("notification_category", body.notification_category),
      users: listOf("users", body.users),
      data: body.data === undefined || body.data === null ? {} : record("data", body.data),
    };
    return measured(withKey(wire), "workflow");
  }
}

function keyedLoosely({ idempotency_key, tenant_id, brand_id }: BrandArgs): Dictionary {
  return {
    ...(idempotency_key ? { $idempotency_key: idempotency_key } : {}),
    ...(tenant_id ? { tenant_id } : {}),
    ...(brand_id ? { brand_id } : {}),
  };
}

/**
 * Something that a user did.
 * @example
 * const event = new Event("ada", "Order Placed", { order_id: "A-1001" }, { idempotency_key: "order-A-1001" });
 * const response = await supr_client.track_event(event);
 */
export class Event implements Sendable {
  distinct_id: string;
  event_name: string;
  properties: Dictionary;
  idempotency_key: string | undefined;
  tenant_id: string | undefined;
  brand_id: string | undefined;

  constructor(distinct_id: string, event_name: string, properties: Dictionary = {}, kwargs: BrandArgs = {}) {
    this.distinct_id = distinct_id;
    this.event_name = event_name;
    this.properties = properties ?? {};
    this.idempotency_key = kwargs?.idempotency_key;
    this.tenant_id = kwargs?.tenant_id;
    this.brand_id = kwargs?.brand_id;
  }

  /**
   * @example
   * new Event("ada", "Order Placed").add_attachment("https://example.com/invoice.pdf");
   */
  add_attachment(file_path: string, kwargs: AttachmentArgs = {}): void {
    addAttachment(
      underNamesNow(() => record("properties", this.properties)),
      file_path,
      kwargs,
    );
  }

  /**
   * @example
   * new Event("ada", "Order Placed").as_json();
   */
  as_json(): Dictionary {
    const { event_name, distinct_id, properties } = this;
    return { event: event_name, distinct_id, properties, ...keyedLoosely(this) };
  }

  /** @internal */
  toBytes(): Uint8Array<ArrayBuffer> {
    const wire = {
      $insert_id: randomId(),
      $time: Date.now(),
      event: eventName(text("event_name", this.event_name)),
      distinct_id: text("distinct_id", this.distinct_id),
      properties: record("properties", this.properties),
      ...keyed(this),
    };
    return measured(wire, "event");
  }
}

/**
 * A template for everybody in a list.
 * @example
 * const broadcast = new SubscriberListBroadcast({
 *   list_id: "beta-testers", template: "news", notification_category: "promotional", data: {},
 * });
 * const response = await supr_client.subscriber_lists.broadcast(broadcast);
 */
export class SubscriberListBroadcast extends BrandedBody implements Sendable {
  constructor(body: Dictionary, kwargs: BrandArgs = {}) {
    super("SubscriberListBroadcast", body, kwargs);
  }

  /** @internal */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { body } = this;
    const wire = {
      $insert_id: randomId(),
      $time: Date.now(),
      ...body,
      ...keyed(this),
      list_id: listId(text("list_id", body.list_id, 64)),
      template: text("template", body.template),
      notification_category: text("notification_category", body.notification_category),
      data: body.data === undefined || body.data === null ? {} : record("data", body.data),
    };
    return measured(withKey(wire), "broadcast");
  }
}
