import { act, type Api, call, keyed, managed, MANAGEMENT } from "../core/api.ts";
import { type Outcome, sendInBatches } from "../core/batches.ts";
import { type BulkResult, postLines, postRecords, sendAll } from "../core/bulk.ts";
import { ids, optionalText, record, text } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import { isRecord } from "../core/is-record.ts";
import { actor, commonFields, finish, payload, recipients, type RecordOptions } from "../core/records.ts";
import { delayOf, timeOf } from "../core/times.ts";
import type { CallOptions } from "../core/transport.ts";
import type { DataOf, DefinedWorkflow } from "../define-workflow.ts";
import type { Channel, Recipient, Reply } from "../wire.ts";
import { WorkflowAdmin } from "../management/workflow-admin.ts";

/** The payload types of workflows by their slugs: the type parameter of `createCarillon`. */
export type WorkflowPayloads = object;

/** What a workflow of the map takes as its data. */
export type PayloadOf<Workflows extends WorkflowPayloads, Slug> = Slug extends keyof Workflows
  ? Workflows[Slug]
  : Record<string, unknown>;

/** The same of what a trigger names: a slug of the map, or a defined workflow. */
export type TargetData<Workflows extends WorkflowPayloads, Target> = Target extends DefinedWorkflow
  ? DataOf<Target>
  : PayloadOf<Workflows, Target>;

/** `data` may be left out where nothing of it is required. */
type WithData<Data> = Partial<Data> extends Data ? { data?: Data } : { data: Data };

/** A trigger, besides its workflow. */
export type Trigger<Data = Record<string, unknown>> = RecordOptions & {
  /** One recipient, or up to 100. */
  to: Recipient | readonly Recipient[];
  /** Who did it: `$actor` of templates. */
  actor?: Recipient | undefined;
  /** A name under which its executions can be cancelled. */
  cancellationKey?: string | undefined;
  /** Kept with the request, without effect. */
  metadata?: Record<string, unknown> | undefined;
} & WithData<Data>;

/** One of many triggers. */
export type TriggerRecord<Workflows extends WorkflowPayloads = WorkflowPayloads> = {
  [Slug in SlugOf<Workflows>]: { workflow: Slug } & Trigger<PayloadOf<Workflows, Slug>>;
}[SlugOf<Workflows>];

/** Slugs of the map; any string where there is none. */
export type SlugOf<Workflows extends WorkflowPayloads> = [keyof Workflows] extends [never]
  ? string
  : keyof Workflows & string;

/** A trigger that contains its template and category, instead of naming a workflow. */
export interface InlineTrigger extends RecordOptions {
  name: string;
  template: string;
  category: "system" | "transactional" | "promotional";
  to: Recipient | readonly Recipient[];
  data?: Record<string, unknown>;
  /** Seconds, or a duration like `1d2h30m`. */
  delay?: number | string;
  /** ISO 8601. Wins over `delay`. */
  triggerAt?: Date | string;
  delivery?: {
    /** One channel after the other, until one succeeds. */
    smart?: boolean;
    /** What success is: `seen`, `interaction`, `delivered`, or an event of yours. */
    success?: string;
    /** Over how long they are spread. */
    time_to_live?: string;
    /** Sent at once, whatever the others do. */
    mandatory_channels?: Channel[];
  };
  cancellationKey?: string;
}

export type Accepted = Reply<"hubTrigger">;
/** What a dry run says would happen: who gets what on which channel, with every reason. */
export interface DryRun {
  status: "success";
  dry_run: true;
  workflow: string;
  /** The request that holds the idempotency key: sent for real, this trigger would be skipped. */
  duplicate_of: string | null;
  problems: { error_code: string; error_description: string; severity: string }[];
  recipients: {
    distinct_id?: string;
    object_type?: string;
    id?: string;
    status: string;
    ends_at: string | null;
    messages: {
      node_ref: string;
      channel: string;
      status: string;
      failure_reason: string | null;
      content: Record<string, unknown> | null;
    }[];
    steps: {
      at: string;
      node_ref: string | null;
      stage: string;
      severity: string;
      message: string;
      values?: unknown;
    }[];
  }[];
  /** False: it left something out, which a problem or a step names. */
  is_complete: boolean;
}

/** Which executions to cancel: all that match every filter given. */
export interface CancelFilter {
  executionId?: string;
  /** Any of them: distinct ids, `object_type/id`, e-mail addresses or phone numbers. */
  recipients?: string[];
  idempotencyKey?: string;
  cancellationKey?: string;
  /** Narrows the others; alone it is refused. */
  workflow?: string;
}

/** Whom and what to explain; one of `user` and `idempotencyKey` is needed. */
export interface Question {
  /** A `distinct_id`, or `object_type/id`. */
  user?: string;
  idempotencyKey?: string;
  /** Only what concerns this workflow. */
  workflow?: string;
  /** How far back to look; 7 days if absent. */
  since?: Date | string;
}

export type Explanation = Reply<"managementExplainGet">;

/** Triggers of workflows, and what became of them. */
export class Workflows<Map extends WorkflowPayloads = WorkflowPayloads> {
  /** Drafts, versions and switches of workflows. Needs a service token. */
  readonly admin: WorkflowAdmin;
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
    this.admin = new WorkflowAdmin(api);
  }

  /**
   * Triggers a workflow for up to 100 recipients. Resolves when it is on the server's disk. Retries send the same
   * idempotency key, so that nothing is sent twice.
   * @example
   * await carillon.workflows.trigger("order-confirmed", {
   *   to: [{ distinct_id: "ada", $email: ["ada@example.com"] }, "grace"],
   *   data: { order_id: "A-1001" },
   *   idempotencyKey: "order-A-1001",
   * });
   */
  async trigger<Target extends SlugOf<Map> | DefinedWorkflow>(
    workflow: Target,
    trigger: Trigger<TargetData<Map, Target>>,
    options?: CallOptions,
  ): Promise<Accepted> {
    const bytes = await toWire(workflow, trigger);
    return call(this.#api, "POST", "trigger/", options, { bytes, repeatable: true });
  }

  /**
   * Triggers any number of workflows, 100 a call, and adds up what became of them. It does not throw for records that
   * are refused: they are in `failed_records`.
   * @example
   * const { success, failed_records } = await carillon.workflows.triggerMany([
   *   { workflow: "order-confirmed", to: "ada", data: { order_id: "A-1001" } },
   *   { workflow: "order-confirmed", to: "grace", data: { order_id: "A-1002" } },
   * ]);
   */
  async triggerMany<Record extends TriggerRecord<Map>>(
    records: Iterable<Record> | AsyncIterable<Record>,
    options?: CallOptions,
  ): Promise<BulkResult<Record>> {
    return sendAll(records, this.#batches(options));
  }

  /**
   * The same one outcome at a time, in order, for more than memory holds: records are read as they can be sent.
   * @example
   * const orders = [{ workflow: "order-confirmed", to: "ada", data: { order_id: "A-1001" } }];
   * for await (const outcome of carillon.workflows.triggerStream(orders)) {
   *   if (outcome.status === "error") console.error(outcome.index, outcome.error.message);
   * }
   */
  triggerStream<Record extends TriggerRecord<Map>>(
    records: Iterable<Record> | AsyncIterable<Record>,
    options?: CallOptions,
  ): AsyncGenerator<Outcome<Record>, void, undefined> {
    return sendInBatches(records, this.#batches(options));
  }

  /**
   * Says what a trigger would do, and does none of it.
   * @example
   * const { recipients } = await carillon.workflows.dryRun("order-confirmed", { to: "ada", data: { order_id: "A-1" } });
   */
  async dryRun<Target extends SlugOf<Map> | DefinedWorkflow>(
    workflow: Target,
    trigger: Trigger<TargetData<Map, Target>>,
    options?: CallOptions,
  ): Promise<DryRun> {
    // A made key would only hide that the trigger has none.
    const bytes = await toWire(workflow, trigger);
    return call(this.#api, "POST", "trigger/", options, {
      bytes,
      query: { dry_run: true },
      repeatable: true,
    });
  }

  /**
   * Triggers what the call itself describes: a template to send, now or later. Needs the client's `key`.
   * @example
   * await carillon.workflows.triggerInline({
   *   name: "Order shipped", template: "order-shipped", category: "transactional", to: "ada", delay: "2h",
   * });
   */
  async triggerInline(trigger: InlineTrigger, options?: CallOptions): Promise<void> {
    const path = keyed(this.#api, "trigger/");
    await act(this.#api, "POST", path, options, { bytes: await toInline(trigger), repeatable: true });
  }

  /**
   * Any number of them, 100 a call.
   * @example
   * const shipped = { name: "Shipped", template: "order-shipped", category: "transactional" } as const;
   * await carillon.workflows.triggerInlineMany([{ ...shipped, to: "ada" }, { ...shipped, to: "grace" }]);
   */
  async triggerInlineMany<Record extends InlineTrigger>(
    records: Iterable<Record> | AsyncIterable<Record>,
    options?: CallOptions,
  ): Promise<BulkResult<Record>> {
    const path = keyed(this.#api, "trigger/");
    return sendAll(records, {
      prepare: toInline,
      signal: options?.signal,
      post: (bytes, count) => postLines(this.#api, path, bytes, count, options),
    });
  }

  /**
   * Cancels executions that are under way; replies with those that really were.
   * @example
   * const { execution_ids } = await carillon.workflows.cancel({ cancellationKey: "order-A-1001" });
   */
  async cancel(filter: CancelFilter, options?: CallOptions): Promise<Reply<"hubWorkflowRunCancel">> {
    const {
      executionId,
      recipients: people,
      idempotencyKey,
      cancellationKey,
      workflow,
    } = record("filter", filter) as CancelFilter;
    const body = {
      execution_id: optionalText("executionId", executionId),
      recipients: people === undefined ? undefined : ids("recipients", people, 100),
      idempotency_key: optionalText("idempotencyKey", idempotencyKey),
      cancellation_key: optionalText("cancellationKey", cancellationKey),
    };
    if (Object.values(body).every((value) => value === undefined)) {
      throw invalidInput("filter", "needs one of executionId, recipients, idempotencyKey, cancellationKey");
    }
    return call(this.#api, "POST", "v1/workflow_run/cancel/", options, {
      body: { ...body, workflow_slug: optionalText("workflow", workflow) },
      repeatable: true,
    });
  }

  /**
   * Says why somebody did or did not get something, with the evidence. Needs a service token.
   * @example
   * const { summary } = await carillon.workflows.explain({ user: "ada", workflow: "order-confirmed" });
   */
  async explain(question: Question, options?: CallOptions): Promise<Explanation> {
    const { user, idempotencyKey, workflow, since } = record("question", question) as Question;
    if (user === undefined && idempotencyKey === undefined) {
      throw invalidInput("question", "needs a user or an idempotencyKey");
    }
    return call(this.#api, "GET", managed(this.#api, "explain/"), options, {
      ...MANAGEMENT,
      query: {
        distinct_id: optionalText("user", user, 512),
        idempotency_key: optionalText("idempotencyKey", idempotencyKey),
        workflow: optionalText("workflow", workflow),
        since,
      },
    });
  }

  #batches(options: CallOptions | undefined) {
    return {
      prepare: (one: { workflow: string }) => {
        record("record", one);
        return toWire(one.workflow, one);
      },
      signal: options?.signal,
      post: (bytes: Uint8Array<ArrayBuffer>) => postRecords(this.#api, "trigger/", bytes, options),
    };
  }
}

/** A trigger as the bytes that are sent: at once, unless it has files to read. */
function toWire(
  target: string | DefinedWorkflow,
  given: object,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  const workflow = isRecord(target) ? target.slug : target;
  const trigger = record("trigger", given) as unknown as Trigger;
  const cancellation_key = optionalText("cancellationKey", trigger.cancellationKey);
  const wire = {
    workflow: text("workflow", workflow),
    recipients: recipients("to", trigger.to),
    ...(trigger.actor === undefined ? {} : { actor: actor(trigger.actor) }),
    data: payload("data", trigger.data),
    ...(trigger.metadata === undefined ? {} : { metadata: record("metadata", trigger.metadata) }),
    ...(cancellation_key === undefined ? {} : { cancellation_key }),
    ...commonFields(trigger),
  };
  return finish(wire, "data", trigger.attachments, "trigger");
}

const CATEGORIES = ["system", "transactional", "promotional"];

function toInline(trigger: InlineTrigger): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  const { delay, triggerAt, delivery, category } = record("trigger", trigger) as unknown as InlineTrigger;
  if (!CATEGORIES.includes(category))
    throw invalidInput("category", `must be one of ${CATEGORIES.join(", ")}`);
  const cancellation_key = optionalText("cancellationKey", trigger.cancellationKey);
  const wire = {
    name: text("name", trigger.name),
    template: text("template", trigger.template),
    notification_category: category,
    users: recipients("to", trigger.to),
    data: payload("data", trigger.data),
    ...(delay === undefined ? {} : { delay: delayOf(delay) }),
    ...(triggerAt === undefined ? {} : { trigger_at: timeOf("triggerAt", triggerAt) }),
    ...(delivery === undefined ? {} : { delivery: record("delivery", delivery) }),
    ...(cancellation_key === undefined ? {} : { cancellation_key }),
    ...commonFields(trigger),
  };
  return finish(wire, "data", trigger.attachments, "trigger");
}
