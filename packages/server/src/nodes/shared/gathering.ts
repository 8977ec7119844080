import type { StepCode } from "../../core/log/step-log.ts";
import { z } from "zod";
import { contentHash } from "../../catalog/content-hash.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { next, type NodeContext, type NodeOutcome, requestEffect } from "../../engine/node.ts";

/**
 * What batches and digests have in common: many runs of one recipient become one. The first carries and sleeps until
 * the window closes, the others leave what they were triggered with and end, and the carrier goes on with all of it.
 */
const MAX_RETAINED = 100;
const RETAINED = 10;

/** Settings that say how much of what was gathered the run goes on with; the count is always of all. */
export const retentionFields = {
  retain_count: z
    .int({ error: `must be a whole number from 1 to ${MAX_RETAINED}` })
    .min(1, { error: `must be from 1 to ${MAX_RETAINED}` })
    .max(MAX_RETAINED, { error: `must be from 1 to ${MAX_RETAINED}` })
    .nullish()
    .meta({ description: "How many payloads `$batched_events` has at most.", default: RETAINED }),
  retain_order: z
    .enum(["first", "last"], { error: "must be first or last" })
    .nullish()
    .meta({ description: "Which of them, always in order of arrival.", default: "first" }),
};

/** The text of a jq expression; that it parses is checked apart. */
export function expressionText(example: string): z.ZodString {
  return z
    .string({ error: `must be text: a jq expression such as ${example}` })
    .regex(/\S/, { error: `must not be empty: a jq expression such as ${example}` });
}

export interface GatheringWindow {
  /** Batches of different values are apart, whatever the order of their keys; undefined where there is one for all. */
  bucket: Json | undefined;
  /** Counts for the run that opens the window: no other moves it. */
  closes_at: Date;
  /** The run that opens the window goes on at once, and is not part of what gathers behind it. */
  flush_leading: boolean;
}

/** What `run` of a gathering node answers. */
export function gatherInto(
  ctx: NodeContext,
  { bucket, closes_at, flush_leading }: GatheringWindow,
): NodeOutcome {
  const { items, count } = broughtBy(ctx);
  const identity = bucket === undefined ? "" : contentHash(bucket);
  const key = keyText(bucket ?? null);
  return requestEffect("gather", { key: identity, closes_at, flush_leading, items, count }, (gathered) => {
    const { batch_id } = gathered;
    switch (gathered.role) {
      case "carrier":
        ctx.log("info", "node_entered", `carries batch ${batch_id}`, factsOf(gathered));
        return { kind: "suspend", until: gathered.closes_at, batch_id, memo: { batch_id, key } };
      case "leading":
        ctx.log("info", "node_completed", `went ahead of batch ${batch_id}`, factsOf(gathered));
        ctx.mergeBatch({ items, count, key });
        return { kind: "next" };
      case "joined": {
        const { carrier_run_id } = gathered;
        return {
          kind: "exit",
          message: `joined batch ${batch_id} carried by ${carrier_run_id}`,
          facts: { code: "batch_absorbed", carrier_execution_id: carrier_run_id, ...factsOf(gathered) },
        };
      }
    }
  });
}

/** For a run that is gathered with no others: a batch of its own, so that what follows finds what it expects. */
export function batchAlone(ctx: NodeContext): NodeOutcome {
  ctx.mergeBatch({ ...broughtBy(ctx), key: null });
  return next;
}

function broughtBy({ run, data }: NodeContext): { items: JsonObject[]; count: number } {
  return run.gathered ?? { items: [withoutBatch(data)], count: 1 };
}

function factsOf({ batch_id, closes_at }: { batch_id: string; closes_at: Date }): JsonObject {
  return { batch_id, closes_at: closes_at.toISOString() };
}

/** Of several gathering nodes in a row each gathers triggers, not what the one before made of them. */
function withoutBatch(data: JsonObject): JsonObject {
  const {
    $batched_events: _events,
    $batched_events_count: _count,
    $batched_event_count: _singular,
    $batch_key: _key,
    ...item
  } = data;
  return item;
}

export interface Retention {
  retain_count?: number | null | undefined;
  retain_order?: "first" | "last" | null | undefined;
}

/** What `resume` of a gathering node answers. With less than `least` gathered the run ends in peace. */
export function closeGathered(
  ctx: NodeContext,
  { retain_count, retain_order }: Retention,
  least: { count: number; code: StepCode } | null,
): NodeOutcome {
  const { batch_id, key } = batchOf(ctx.memo);
  const request = {
    batch_id,
    retain_count: retain_count ?? RETAINED,
    retain_order: retain_order ?? "first",
  };
  return requestEffect("seal", request, ({ items, count }) => {
    // Cancelled, or carried on by another run after this one had failed.
    if (count === 0) return { kind: "exit", message: `batch ${batch_id} is gone`, facts: { batch_id } };
    const facts = { batch_id, count, retained: items.length };
    if (least !== null && count < least.count) {
      return {
        kind: "exit",
        message: `gathered ${count} of at least ${least.count}`,
        facts: { code: least.code, least: least.count, ...facts },
      };
    }
    ctx.log("info", "node_completed", `closed batch ${batch_id} of ${count}`, facts);
    ctx.mergeBatch({ items, count, key });
    return { kind: "next" };
  });
}

/** Runs that fell asleep before keys were kept have none. */
function batchOf(memo: Json): { batch_id: string; key: string | null } {
  const { batch_id, key } = isJsonObject(memo) ? memo : {};
  if (typeof batch_id !== "string") throw new Error("a run that gathers has forgotten its batch");
  return { batch_id, key: typeof key === "string" ? key : null };
}

function keyText(bucket: Json): string | null {
  return bucket === null || typeof bucket === "string" ? bucket : JSON.stringify(bucket);
}
