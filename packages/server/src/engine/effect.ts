import type { JsonObject } from "../core/json.ts";

/**
 * What a node may request in the transaction of its chunk, beyond its own run. The engine collects the requests that
 * all runs of the chunk make at the same time, and one function per effect (`effects/`) performs them in bulk.
 */
export interface Effects {
  gather: { request: Gathering; result: Gathered };
  seal: { request: Sealing; result: Sealed };
  edit_profile: { request: ProfileEdit; result: Done };
  edit_list: { request: ListEdit; result: Done };
  edit_subscription: { request: SubscriptionEdit; result: Done };
  invoke: { request: Invocation; result: Done };
}

/** Expected refusals are results: the node decides whether the run goes on. */
export type Done = { ok: true; detail?: JsonObject } | { ok: false; reason: string };

/** Joins the open batch of this identity, or opens one. */
export interface Gathering {
  /** Identifies a batch besides workspace, workflow, node, tenant and recipient: canonical text. */
  key: string;
  /** Used only if this opens the batch. */
  closes_at: Date;
  /** True: the first item passes at once and is not part of the batch that follows it. */
  flush_leading: boolean;
  /** In order of arrival: the run's own payload, or what an earlier batch of it had gathered and retained. */
  items: JsonObject[];
  /** How many triggers these stand for. */
  count: number;
}

export type Gathered =
  /** This run carries the batch and sleeps until it closes. */
  | { role: "carrier"; batch_id: string; closes_at: Date }
  /** The item is in the batch; this run ends here. */
  | { role: "joined"; batch_id: string; carrier_run_id: string; closes_at: Date }
  /** The batch is open, and this run continues at once. */
  | { role: "leading"; batch_id: string; closes_at: Date };

export interface Sealing {
  batch_id: string;
  retain_count: number;
  retain_order: "first" | "last";
}

export interface Sealed {
  /** At most `retain_count`, in order of arrival. */
  items: JsonObject[];
  /** Number of all items. */
  count: number;
}

export type Who = "recipient" | "actor";

export interface ProfileEdit {
  who: Who;
  /** Keys of a user upsert, channels among them. */
  properties: JsonObject;
}

export interface ListEdit {
  op: "add" | "remove";
  list_id: string;
  list_name: string | null;
  create_if_missing: boolean;
  who: Who[];
}

export interface SubscriptionEdit {
  op: "add" | "remove";
  object_type: string;
  object_id: string;
  create_if_missing: boolean;
  who: Who[];
  properties: JsonObject;
}

/** Triggers another workflow, as if its API were called. */
export interface Invocation {
  node_ref: string;
  workflow: string;
  recipients: Named[];
  actor: Named | null;
  data: JsonObject;
}

/** A person the run knows, or one named as in a trigger. */
export type Named = { who: Who } | { named: string | JsonObject };
