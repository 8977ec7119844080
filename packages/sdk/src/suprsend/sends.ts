import { type Api, keyed } from "../core/api.ts";
import { EVENTS, postLines, postRecords, sendAll } from "../core/bulk.ts";
import type { RecordReply } from "../core/batches.ts";
import { inputError } from "./errors.ts";
import { Event, type Sendable, snapshot, Workflow, WorkflowTriggerRequest } from "./records.ts";
import { type BulkResponse, type SResponse, settled, toBulkResponse } from "./replies.ts";

/** Many records of one kind, sent together: any number, 100 a call, each with its own outcome. */
export class BulkSends<One extends Sendable> {
  readonly #records: { record: One; bytes: () => Uint8Array<ArrayBuffer> }[] = [];
  readonly #kind: string;
  readonly #isKind: (record: unknown) => boolean;
  readonly #post: (bytes: Uint8Array<ArrayBuffer>, count: number) => Promise<RecordReply[]>;

  constructor(
    kind: string,
    isKind: (record: unknown) => boolean,
    post: (bytes: Uint8Array<ArrayBuffer>, count: number) => Promise<RecordReply[]>,
  ) {
    this.#kind = kind;
    this.#isKind = isKind;
    this.#post = post;
  }

  /**
   * @example
   * const bulk = supr_client.bulk_events.new_instance();
   * bulk.append(new Event("ada", "Order Placed"), new Event("grace", "Order Placed"));
   */
  append(...records: One[]): void {
    for (const record of records) {
      if (!this.#isKind(record)) throw inputError("append", `takes instances of ${this.#kind}`);
      this.#records.push({ record, bytes: snapshot(() => record.toBytes()) });
    }
  }

  /**
   * Does not throw: what was refused, or is not fit to be sent, is in `failed_records`.
   * @example
   * const { status, failed_records } = await supr_client.bulk_events.new_instance().trigger();
   */
  async trigger(): Promise<BulkResponse> {
    const result = await sendAll(this.#records, { prepare: ({ bytes }) => bytes(), post: this.#post });
    return toBulkResponse(result, ({ record }) => record.as_json());
  }
}

/** Triggers of workflows. */
export class WorkflowsApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Does not throw for what the server refuses: `success` says.
   * @example
   * const request = new WorkflowTriggerRequest({ workflow: "order-confirmed", recipients: ["ada"] });
   * const { success, message } = await supr_client.workflows.trigger(request);
   */
  async trigger(workflow: WorkflowTriggerRequest): Promise<SResponse> {
    if (!(workflow instanceof WorkflowTriggerRequest)) {
      throw inputError("workflow", "must be a WorkflowTriggerRequest");
    }
    return settled(
      async () =>
        this.#api.send({ method: "POST", path: "trigger/", bytes: workflow.toBytes(), repeatable: true }),
      ({ text }) => text,
    );
  }

  /**
   * @example
   * const bulk = supr_client.workflows.bulk_trigger_instance();
   * bulk.append(new WorkflowTriggerRequest({ workflow: "order-confirmed", recipients: ["ada"] }));
   * const response = await bulk.trigger();
   */
  bulk_trigger_instance(): BulkSends<WorkflowTriggerRequest> {
    return new BulkSends(
      "WorkflowTriggerRequest",
      (record) => record instanceof WorkflowTriggerRequest,
      (bytes) => postRecords(this.#api, "trigger/", bytes),
    );
  }
}

/** Triggers that contain their templates, many together. */
export function bulkWorkflows(api: Api): BulkSends<Workflow> {
  return new BulkSends(
    "Workflow",
    (record) => record instanceof Workflow,
    (bytes, count) => postLines(api, keyed(api, "trigger/"), bytes, count),
  );
}

export function bulkEvents(api: Api): BulkSends<Event> {
  return new BulkSends(
    "Event",
    (record) => record instanceof Event,
    (bytes) => postRecords(api, EVENTS, bytes),
  );
}
