import { bucketOf } from "../../ids.ts";
import type { Tx } from "../../db/db.ts";
import type { JsonObject } from "../../core/json.ts";
import { editProfile } from "../../core/profile/profile-edit.ts";
import { type Operation, profileFromRecipient } from "../../core/profile/profile-operations.ts";
import type { RecipientSpec } from "../../core/trigger.ts";
import type { FanOutSource } from "../../recipients/fan-out.ts";
import { notFoundText } from "../../recipients/recipient.ts";
import type { EditOutcome, RecipientEdit, Recipients, StoredRecipient } from "../../recipients/recipients.ts";
import type { StageDeps } from "../deps.ts";
import { type Intent, newRun } from "./intent.ts";
import type { IsErased } from "./notices.ts";
import type { FanOutOrder } from "./fan-out.ts";
import { problem, problemOf, type RequestProblem } from "../problem.ts";
import type { InlineProfile, Person, Run } from "../run.ts";
import { signalProfiles } from "../waits/profile-signals.ts";

/** Reads and writes all recipients and actors of the chunk in bulk, and creates one run per recipient. */
export async function planRuns(
  tx: Tx,
  intents: Intent[],
  problems: Map<string, RequestProblem[]>,
  nows: ReadonlyMap<number, Date>,
  deps: StageDeps & { isErased: IsErased },
): Promise<{ runs: Run[]; orders: FanOutOrder[]; known: Map<string, StoredRecipient> }> {
  const runs: Run[] = [];
  const orders: FanOutOrder[] = [];
  const known = new Map<string, StoredRecipient>();
  for (const [workspace_id, own] of Map.groupBy(intents, (intent) => intent.request.workspace_id)) {
    const now = nows.get(workspace_id);
    if (now === undefined) throw new Error(`workspace ${workspace_id} is gone`);
    const edits: RecipientEdit[] = [];
    const planned = own.map((intent) => ({
      intent,
      actor: planPerson(intent.actor, intent, edits, deps),
      recipients: intent.recipients.map((spec) => planPerson(spec, intent, edits, deps)),
    }));
    const tenants = [...new Set(own.map(({ tenant_id }) => tenant_id))];
    const outcomes = await deps.recipients.apply(tx, workspace_id, edits, tenants);
    await signalProfiles(tx, workspace_id, outcomes, now, deps.queue);
    for (const outcome of outcomes) {
      if (outcome.ok && outcome.recipient !== null) known.set(outcome.recipient.id, outcome.recipient);
    }
    for (const { intent, actor, recipients } of planned) {
      const ownProblems = problems.get(intent.request.id) ?? [];
      for (const person of [actor, ...recipients]) {
        if (person !== null) ownProblems.push(...warningsOf(person, intent.workflow.slug));
      }
      const made: { run: Run; spec: RecipientSpec }[] = [];
      for (const recipient of recipients) {
        if (recipient === null) continue;
        const run = makeRun(intent, actor, recipient, outcomes, now, deps);
        if ("error_code" in run) ownProblems.push(run);
        else made.push({ run, spec: recipient.spec });
      }
      if (made.length === 0 && recipients.length > 1) {
        ownProblems.push(problem(intent.workflow.slug, "no_valid_recipients", "no valid recipients found"));
      }
      runs.push(...made.map(({ run }) => run));
      orders.push(...ordersOf(intent, actor === null ? null : toPerson(actor, outcomes), made));
    }
  }
  return { runs, orders, known };
}

/** Adds an object's subscribers whom the request does not name itself, each through the first object. */
function ordersOf(
  intent: Intent,
  actor: Person | null,
  made: { run: Run; spec: RecipientSpec }[],
): FanOutOrder[] {
  if (intent.page !== null) {
    const { actor: stored, ask, parent_run_id } = intent.page;
    return [{ intent, actor: stored, ask, parent_run_id }];
  }
  const skip = made.flatMap(({ run }) => run.recipient_id ?? []);
  const earlier: FanOutSource[] = [];
  return made.flatMap(({ run, spec: { depth } }): FanOutOrder[] => {
    if (depth === 0 || run.recipient_id === null) return [];
    const source = { recipient_id: run.recipient_id, depth };
    const order = { intent, actor, ask: { ...source, earlier: [...earlier], skip }, parent_run_id: run.id };
    earlier.push(source);
    return [order];
  });
}

interface PlannedPerson {
  spec: RecipientSpec;
  operations: Operation[];
  inline: {
    properties: JsonObject;
    identities: InlineProfile["identities"];
    refused: number;
    /** Values of the trigger that were not accepted, in the wire's words. */
    warnings: string[];
  };
  /** Index into the chunk's edits; null for people who are never stored. */
  edit: number | null;
}

function planPerson(
  spec: RecipientSpec | null,
  { request, creates, tenant_id }: Intent,
  edits: RecipientEdit[],
  { recipients, isErased }: { recipients: Recipients; isErased: IsErased },
): PlannedPerson | null {
  if (spec === null) return null;
  const isGone = !spec.is_transient && isErased(request, spec);
  const operations = spec.profile === null || isGone ? [] : profileFromRecipient(spec.profile).operations;
  const inline = readInline(operations, recipients);
  if (spec.is_transient) return { spec, operations, inline, edit: null };
  const { object_type, distinct_id } = spec;
  const create = creates && !spec.skip_create && !isGone;
  const tenant = spec.tenant_scoped ? tenant_id : null;
  edits.push({
    object_type,
    distinct_id,
    operations,
    mode: "lenient",
    restore: false,
    create,
    tenant_id: tenant,
  });
  return { spec, operations, inline, edit: edits.length - 1 };
}

/** The trigger's data about a person, without the stored profile: it overrides the profile for this run. */
function readInline(operations: Operation[], recipients: Recipients): PlannedPerson["inline"] {
  if (operations.length === 0) return { properties: {}, identities: [], refused: 0, warnings: [] };
  const empty = { properties: {}, identities: [] };
  const result = editProfile(empty, operations, { parseIdentity: recipients.parseIdentity, mode: "lenient" });
  if (!result.ok) return { ...empty, refused: 0, warnings: [result.error] };
  const { profile, refused_identities, warnings } = result.edit;
  return {
    properties: profile.properties,
    identities: [...profile.identities],
    refused: refused_identities,
    warnings,
  };
}

/** An invalid value in an inline profile is dropped on its own; the request log says so. */
function warningsOf({ spec, inline }: PlannedPerson, workflow_slug: string): RequestProblem[] {
  return inline.warnings.map((text) => ({
    ...problemOf(spec, workflow_slug, "invalid_profile_value", text),
    severity: "warning",
  }));
}

function makeRun(
  intent: Intent,
  actor: PlannedPerson | null,
  { spec, inline, edit }: PlannedPerson,
  outcomes: EditOutcome[],
  now: Date,
  deps: StageDeps,
): Run | RequestProblem {
  const { request, workflow } = intent;
  const outcome = edit === null ? undefined : outcomes[edit];
  if (outcome?.ok === false) return problemOf(spec, workflow.slug, "profile_refused", outcome.error);
  const recipient_id = storedId(outcomes, edit);
  if (recipient_id === null && inline.identities.length === 0) {
    if (inline.refused > 0)
      return problemOf(
        spec,
        workflow.slug,
        "channel_identities_invalid",
        "all channel identities provided for user are invalid",
      );
    // The wire's text for an object has only its id here, and its type and id everywhere else.
    const missing = spec.object_type === "" ? notFoundText(spec) : `object '${spec.distinct_id}' not found`;
    return problemOf(spec, workflow.slug, "user_not_found", missing);
  }
  const hasInline =
    spec.channels !== null ||
    spec.is_transient ||
    inline.identities.length > 0 ||
    Object.keys(inline.properties).length > 0;
  const { object_type } = spec;
  const distinct_id = spec.is_transient ? `_transient_${deps.ids.ulid()}` : spec.distinct_id;
  const seed = {
    id: deps.ids.ulidIn(bucketOf({ workspace_id: request.workspace_id, object_type, distinct_id })),
    parent_run_id: request.parent_run_id,
    parent_object: null,
    object_type,
    distinct_id,
    recipient_id,
    actor: actor === null ? null : toPerson(actor, outcomes),
    inline: hasInline
      ? {
          properties: inline.properties,
          identities: inline.identities,
          only: spec.channels,
          is_transient: spec.is_transient,
        }
      : null,
  };
  return newRun(intent, seed, now);
}

function toPerson({ spec, inline, edit }: PlannedPerson, outcomes: EditOutcome[]): Person {
  return {
    object_type: spec.object_type,
    distinct_id: spec.distinct_id,
    recipient_id: storedId(outcomes, edit),
    properties: inline.properties,
  };
}

function storedId(outcomes: EditOutcome[], edit: number | null): string | null {
  const outcome = edit === null ? undefined : outcomes[edit];
  return outcome?.ok === true ? (outcome.recipient?.id ?? null) : null;
}
