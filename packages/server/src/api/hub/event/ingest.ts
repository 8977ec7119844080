import { storableJson } from "../../../core/text/text.ts";
import {
  type EventRecord,
  parseEventRecord,
  readEnv,
  type TrackedEvent,
  type UserEditRecord,
} from "../../../core/event-record.ts";
import { isJsonObject } from "../../../core/json.ts";
import { rowsOf, text, uuid } from "../../../db/bulk.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import { admitPerson, type ClientAuth, isClient } from "../../../http/auth/client.ts";
import type { RouteContext } from "../../../http/route.ts";
import { WORKSPACE_NOW } from "../../../workspaces/clock.ts";
import { outsiderRefusals } from "../outsider-refusal.ts";
import { applyLogins } from "./logins.ts";
import { noteEdit, noteRefused } from "../request-notes.ts";
import { settleRecords, type WireRecord } from "../records.ts";

/**
 * What the three event endpoints share. Tracked events are accepted like triggers and expanded later; profile edits are
 * applied before the reply, so that an event after them finds its user.
 */
export type IngestContext = Pick<
  RouteContext<unknown, unknown, unknown>,
  "auth" | "services" | "user_agent" | "log"
>;

export interface ReadRecord {
  record: EventRecord;
  /** The record as received. */
  wire: WireRecord;
}

/** Checks each record; an invalid one is replaced by its error. Nothing is stored yet. */
export async function readRecords(
  records: readonly (WireRecord | AppError)[],
  ctx: IngestContext,
): Promise<(ReadRecord | AppError)[]> {
  const read = await Promise.all(
    records.map(async (wire) =>
      wire instanceof AppError ? wire : { wire, record: await readRecord(wire.body, ctx) },
    ),
  );
  refuseWhole(read.map((one) => (one instanceof AppError ? one : one.record)));
  const right = read.flatMap((one) =>
    one instanceof AppError || one.record instanceof AppError ? [] : [one.record],
  );
  const refusals = await refuseOutsiders(right, ctx);
  return read.map((one) => {
    if (one instanceof AppError) return one;
    const { wire, record } = one;
    const fate = record instanceof AppError ? record : (refusals.get(record) ?? record);
    if (!(fate instanceof AppError)) return { wire, record: fate };
    // What a stranger sends is not worth a line of the log.
    if (fate.status === 401 || fate.status === 403) return fate;
    if (isJsonObject(wire.body) && Object.hasOwn(wire.body, "event")) noteRefused(ctx, "event", wire, fate);
    return fate;
  });
}

/** A caller without proof of anything is refused as a whole: an answer of 2xx would have it believe that it was heard. */
function refuseWhole(fates: readonly unknown[]): void {
  const [first] = fates;
  if (!(first instanceof AppError)) return;
  if (fates.every((fate) => fate instanceof AppError && fate.status === 401)) throw first;
}

async function readRecord(body: unknown, ctx: IngestContext): Promise<EventRecord | AppError> {
  const parsed = parseEventRecord(body);
  if (!parsed.ok) return new AppError("validation_error", parsed.message);
  const { value } = parsed;
  const refusal = isClient(ctx.auth) ? refuseStranger(ctx.auth, value) : null;
  if (refusal !== null) return refusal;
  const { catalog } = ctx.services;
  const { workspace_id } = ctx.auth.workspace;
  if (value.kind === "edit" && value.tenant_id !== null) {
    const tenant = await catalog.findTenant(workspace_id, value.tenant_id);
    if (tenant === null) return new AppError("not_found", `tenant '${value.tenant_id}' not found`);
  }
  if (!(await isOwnEnv(body, ctx))) {
    return new AppError(
      "validation_error",
      "env: must be the key of the workspace that the request authenticates for",
    );
  }
  if (value.kind === "tracking") return value;
  if (value.kind === "edit") return isClient(ctx.auth) ? withoutMerge(value) : value;
  const schema = await catalog.findEventSchema(workspace_id, value.event);
  const detail = schema?.validate(value.properties) ?? [];
  return detail.length > 0 ? new AppError("schema_validation_error", detail.join("; "), { detail }) : value;
}

/** Browsers and apps do things for the person who uses them alone. What devices report needs no person. */
function refuseStranger(auth: ClientAuth, record: EventRecord): AppError | null {
  if (record.kind === "tracking") return null;
  try {
    admitPerson(auth, record);
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/**
 * A login with a public key takes over nobody: the id of another user, named as the anonymous one, would become one's own.
 * No client with a public key has anonymous users.
 */
function withoutMerge<Edit extends UserEditRecord>(edit: Edit): Edit {
  if (edit.login === null || edit.login.anon_id === null) return edit;
  const warning = "$anon_id: users are merged for signed requests alone";
  return { ...edit, login: { anon_id: null }, warnings: [...edit.warnings, warning] };
}

/** The refusals of events for a tenant that their user is known not to belong to. Edits may make somebody belong. */
async function refuseOutsiders(
  records: readonly EventRecord[],
  ctx: IngestContext,
): Promise<Map<EventRecord, AppError>> {
  const tenanted = records.flatMap((record) =>
    record.kind === "event" && record.tenant_id !== null ? [record] : [],
  );
  const overridden = await Promise.all(tenanted.map(({ event }) => isOverridden(event, ctx)));
  const judged = tenanted.filter((_event, index) => overridden[index] === false);
  const refusals = await outsiderRefusals(
    ctx,
    judged.map(({ tenant_id, distinct_id }) => ({ tenant_id, people: [{ object_type: "", distinct_id }] })),
  );
  return new Map(
    judged.flatMap((event, index) => {
      const refusal = refusals?.[index] ?? null;
      return refusal === null ? [] : [[event, refusal] as const];
    }),
  );
}

/** Whether a workflow that the event triggers may run for other people, or in another tenant, than it names. */
async function isOverridden(event: string, { auth, services }: IngestContext): Promise<boolean> {
  const { workspace_id } = auth.workspace;
  const slugs = await services.catalog.findTriggered(workspace_id, event);
  const entries = await Promise.all(slugs.map((slug) => services.catalog.findWorkflow(workspace_id, slug)));
  return entries.some((entry) => {
    const definition = entry?.live?.definition;
    return Boolean(definition?.override_tenant_expr || definition?.override_recipients_type);
  });
}

async function isOwnEnv(body: unknown, { auth, services }: IngestContext): Promise<boolean> {
  const env = readEnv(body);
  if (env === null || env === "") return true;
  return typeof env === "string" && (await services.workspaces.ownsKey(auth.workspace, env));
}

/**
 * Stores the parsed records. All edits are one transaction: if it fails, each of them has failed; so are all reports of
 * devices. Events are accepted one by one, after the edits.
 */
export async function storeRecords(
  records: readonly (ReadRecord | AppError)[],
  ctx: IngestContext,
): Promise<PromiseSettledResult<string>[]> {
  const edits = records.flatMap((read) => (!(read instanceof AppError) && isEdit(read) ? [read] : []));
  const [applied, tracked] = await Promise.allSettled([applyEdits(edits, ctx), track(records, ctx)]);
  return settleRecords(records, async (read) => {
    if (read.record.kind === "tracking") {
      if (tracked.status === "rejected") throw tracked.reason;
      return ctx.services.ids.uuid();
    }
    if (read.record.kind === "event") return acceptEvent(read.record, read.wire.text, ctx);
    if (applied.status === "rejected") throw applied.reason;
    const fate = applied.value.get(read.record);
    if (fate === undefined) throw new Error("an edit was lost");
    if (fate instanceof AppError) throw fate;
    return fate;
  });
}

type ReadEdit = ReadRecord & { record: { kind: "edit" } };

const isEdit = (read: ReadRecord): read is ReadEdit => read.record.kind === "edit";

async function track(
  records: readonly (ReadRecord | AppError)[],
  { auth, services }: IngestContext,
): Promise<void> {
  const reports = records.flatMap((read) =>
    !(read instanceof AppError) && read.record.kind === "tracking" ? [read.record] : [],
  );
  if (reports.length === 0) return;
  const { workspace_id } = auth.workspace;
  await services.db.tx((tx) => services.deviceReports.apply(tx, workspace_id, reports), { again: true });
}

async function acceptEvent(event: TrackedEvent, text: string, ctx: IngestContext): Promise<string> {
  const { auth, services, user_agent } = ctx;
  const { workspace_id } = auth.workspace;
  const accepted = await services.engine.accept({
    workspace_id,
    lane: await services.catalog.laneOfEvent(workspace_id, event.event),
    api_type: "event",
    name: event.event,
    tenant_id: event.tenant_id,
    idempotency_key: event.idempotency_key,
    cancellation_key: null,
    body: text,
    metadata: storableJson({ user_agent }),
  });
  return accepted.message_id;
}

/**
 * Applies edits in order, each `$insert_id` once; returns the id in the response to each record, or why nothing of it
 * could be applied. A refused edit leaves its `$insert_id` unused.
 */
async function applyEdits(
  edits: readonly ReadEdit[],
  ctx: IngestContext,
): Promise<Map<UserEditRecord, string | AppError>> {
  const { services } = ctx;
  const { workspace_id } = ctx.auth.workspace;
  const wires = new Map<UserEditRecord, WireRecord>(edits.map(({ record, wire }) => [record, wire]));
  const fates = new Map([...wires.keys()].map((edit) => [edit, services.ids.uuid()]));
  const refusals = new Map<UserEditRecord, AppError>();
  if (edits.length === 0) return fates;
  await services.db.tx(
    async (tx) => {
      const fresh = await claimEdits(tx, workspace_id, fates, await services.engine.clock(tx));
      const outcomes = await services.recipients.apply(
        tx,
        workspace_id,
        fresh.map(({ distinct_id, tenant_id, operations }) => ({
          object_type: "",
          distinct_id,
          tenant_id,
          operations,
          mode: "lenient",
          restore: true,
          create: true,
        })),
      );
      refusals.clear();
      for (const [index, edit] of fresh.entries()) {
        const outcome = outcomes[index];
        if (outcome?.ok === false) refusals.set(edit, new AppError("validation_error", outcome.error));
      }
      const applied = fresh.filter((edit) => !refusals.has(edit));
      const unmerged = await applyLogins(tx, services, workspace_id, applied);
      await releaseEdits(tx, workspace_id, [...refusals.keys()]);
      tx.afterCommit(() => {
        outcomes.forEach((outcome, index) => {
          const edit = fresh[index];
          const wire = edit === undefined ? undefined : wires.get(edit);
          if (edit === undefined || wire === undefined) return;
          const status = outcome.ok ? "partial_failure" : "refused";
          const reasons = outcome.ok ? (outcome.edit?.warnings ?? []) : [outcome.error];
          const left = unmerged.get(edit);
          const warnings = left === undefined ? edit.warnings : [...edit.warnings, left];
          noteEdit(ctx, wire, status, [...warnings, ...reasons]);
        });
      });
    },
    { again: true },
  );
  // A record that repeats the `$insert_id` of a refused one was not applied either.
  const byId = new Map([...refusals].map(([edit, refusal]) => [fates.get(edit), refusal]));
  return new Map([...fates].map(([edit, id]) => [edit, byId.get(id) ?? id]));
}

async function releaseEdits(
  tx: Queryable,
  workspace_id: number,
  edits: readonly UserEditRecord[],
): Promise<void> {
  const keys = edits.flatMap(({ insert_id }) => insert_id ?? []);
  if (keys.length === 0) return;
  await tx.query("delete from idempotency where workspace_id = $1 and kind = 'edit' and key = any($2)", [
    workspace_id,
    keys,
  ]);
}

/**
 * The edits whose `$insert_id` was not seen in the last 24 hours. In `fates` the others get the id of the edit that
 * came first. The keys are claimed in the transaction of the edits, in key order so that two batches cannot deadlock;
 * an expired one is taken over in place. Hours are those of the workspace's clock.
 */
async function claimEdits(
  tx: Queryable,
  workspace_id: number,
  fates: Map<UserEditRecord, string>,
  base: Date | null,
): Promise<UserEditRecord[]> {
  const wanted = new Map<string, string>();
  for (const [{ insert_id }, message_id] of fates) {
    if (insert_id !== null && !wanted.has(insert_id)) wanted.set(insert_id, message_id);
  }
  if (wanted.size === 0) return [...fates.keys()];
  const { from, values, next } = rowsOf("k", [...wanted], {
    key: text(([key]) => key),
    request_id: uuid(([, request_id]) => request_id),
  });
  const claimed = await tx.query<{ key: string; request_id: string }>(
    `insert into idempotency as held (workspace_id, kind, key, request_id, created_at)
     select w.workspace_id, 'edit', key, request_id, ${WORKSPACE_NOW(`$${next + 1}`)}
       from ${from} join workspace w on w.workspace_id = $${next}
      order by key collate "C"
     on conflict (workspace_id, kind, key) do update
        set request_id = case when held.created_at < excluded.created_at - interval '24 hours'
                              then excluded.request_id else held.request_id end,
            created_at = case when held.created_at < excluded.created_at - interval '24 hours'
                              then excluded.created_at else held.created_at end
     returning key, request_id`,
    [...values, workspace_id, base],
    "edits_claim",
  );
  const holders = new Map(claimed.map(({ key, request_id }) => [key, request_id]));
  const fresh: UserEditRecord[] = [];
  for (const [edit, message_id] of fates) {
    const holder = edit.insert_id === null ? undefined : holders.get(edit.insert_id);
    if (holder === undefined || holder === message_id) fresh.push(edit);
    else fates.set(edit, holder);
  }
  return fresh;
}
