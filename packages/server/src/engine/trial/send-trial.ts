import type { LiveTemplate, LiveVariant } from "../../catalog/live-template.ts";
import { replaceFilesWithNotes } from "../../core/attachments.ts";
import type { Channel } from "../../core/channel.ts";
import type { JsonObject } from "../../core/json.ts";
import type { StoredIdentity } from "../../core/profile/identity.ts";
import { sourceOf } from "../../core/request-payload.ts";
import { endStatusOf } from "../../core/run-state.ts";
import { storableJson } from "../../core/text/text.ts";
import { bucketOf } from "../../ids.ts";
import { writeChunk } from "../chunk/store.ts";
import { chooseVariant, composeChannel, logMessage } from "../compose/compose.ts";
import { usableIdentities } from "../compose/reach.ts";
import type { StageDeps } from "../deps.ts";
import type { RequestRow } from "../expand/intent.ts";
import { addStep, type NewMessage, severitiesOf } from "../run.ts";
import { report } from "../walk/after-commit.ts";
import { loadMockConfiguration, mockRun, type MockTrigger } from "./mock.ts";
import { trialWorkflow } from "./trial-workflow.ts";

/** What is sent for real to one recipient, whatever the recipient's preferences say. Version 0 is a draft. */
export interface Trial {
  mock: MockTrigger;
  tried:
    | { kind: "variant"; template: { slug: string; version_no: number }; variant: LiveVariant }
    /** The variant of each of these channels (null: all) that the recipient would get. */
    | { kind: "selection"; template: LiveTemplate; channels: readonly Channel[] | null }
    /** A text of Carillon's own, of no stored template. `slug` has a dot in it. */
    | {
        kind: "notice";
        template: { slug: string; version_no: number };
        variant: LiveVariant;
        workflow: { slug: string; name: string };
      };
  /** Used in place of those of the recipient's profile. */
  identities: StoredIdentity[];
  /** The category whose vendors are used. */
  category: string;
}

export type TrialResult =
  | { ok: true; execution_id: string; messages: TrialMessage[] }
  | { ok: false; field: "tenant_id" | "category" | "distinct_id" | "identities"; reason: string };

export interface TrialMessage {
  message_id: string;
  channel: NewMessage["channel"];
  variant: string | null;
  /** What it begins with; the log of messages has what becomes of it. */
  status: string;
  failure_reason: string | null;
  vendor: string | null;
}

/**
 * Sends variants as a run of its own, which appears in the logs: rendered with the mock trigger, through the vendors and
 * the test mode of the workspace. Refused, it has written nothing.
 */
export async function sendTrial(trial: Trial, deps: StageDeps): Promise<TrialResult> {
  const { mock, tried, identities, category } = trial;
  const { template } = tried;
  const { workspace_id, recipient } = mock;
  if ((await deps.preferences.findCategory(workspace_id, category)) === null) {
    return { ok: false, field: "category", reason: "is no published category" };
  }
  const own = tried.kind === "notice" ? tried.workflow : undefined;
  const { slug, name, definition } = trialWorkflow(template.slug, category, own);
  const version_id = await deps.catalog.ensureDynamic(workspace_id, slug, definition);
  const workflow = await deps.catalog.getVersion(workspace_id, version_id);
  const configuration = await loadMockConfiguration(mock, workflow, deps);
  const tenant_id = mock.tenant_id ?? "default";
  if ((configuration.tenants.get(`${workspace_id}/${tenant_id}`) ?? null) === null) {
    return { ok: false, field: "tenant_id", reason: `there is no tenant '${tenant_id}'` };
  }
  const id = deps.ids.uuid();
  const request: RequestRow = {
    workspace_id,
    id,
    api_type: "dynamic",
    name: slug,
    tenant_id: mock.tenant_id,
    idempotency_key: id,
    cancellation_key: null,
    body: {
      name,
      template: template.slug,
      notification_category: category,
      users: recipient === null ? [] : [recipient.distinct_id],
      data: mock.payload,
      ...(tried.kind === "notice"
        ? {}
        : { test: { ...aboutTrial(tried), version_no: template.version_no || null } }),
    },
    created_at: new Date(),
    parent_run_id: null,
    depth: null,
  };
  const payload = replaceFilesWithNotes(mock.payload, sourceOf(request));
  return deps.db.tx(async (tx): Promise<TrialResult> => {
    const who = {
      object_type: recipient?.object_type ?? "",
      distinct_id: recipient?.distinct_id ?? `_transient_${deps.ids.ulid()}`,
    };
    const inline = { properties: {}, identities, only: null, is_transient: recipient === null };
    const seed = {
      ...who,
      id: deps.ids.ulidIn(bucketOf({ workspace_id, ...who })),
      inline: identities.length > 0 ? inline : null,
    };
    const source = { request, workflow, configuration };
    const mocked = await mockRun(tx, { ...mock, payload }, source, seed, deps);
    const { run, chunkData, scope } = mocked;
    if (recipient !== null && mocked.recipient === null && identities.length === 0) {
      return { ok: false, field: "distinct_id", reason: `there is no recipient '${recipient.distinct_id}'` };
    }
    const usable = usableIdentities(run, chunkData);
    // With addresses given, nothing goes to others that the recipient has.
    const given = new Set(identities.map(({ channel }) => channel));
    const channels = channelsOf(tried)
      .filter((channel) => given.size === 0 || given.has(channel))
      .filter((channel) => (usable.get(channel)?.length ?? 0) > 0);
    if (channels.length === 0) {
      const wanted = channelsOf(tried).join(", ");
      return { ok: false, field: "identities", reason: `there is no active address on ${wanted}` };
    }
    const [node] = workflow.nodes;
    if (node === undefined) throw new Error("the workflow of a test has no node");
    const version = template.version_no === 0 ? "the draft" : `version ${template.version_no}`;
    const told = tried.kind === "notice" ? name : `test of ${textOf(tried)} of ${version}`;
    addStep(run, null, "info", "run_started", told);
    const messages = channels.flatMap((channel) => {
      const variant =
        tried.kind === "selection" ? chooseVariant(run, node, tried.template, channel, scope) : tried.variant;
      if (variant === null) return [];
      const about = { run, node, channel, identities: usable.get(channel) ?? [], template, variant };
      return composeChannel(about, scope, chunkData, deps).map(({ message }) => message);
    });
    for (const message of messages) logMessage(run, node, message);
    run.status = endStatusOf(severitiesOf(run.steps));
    run.position = null;
    addStep(run, null, "info", "run_completed", "run completed");
    await insertRequest(request);
    await writeChunk(tx, { made: [run] }, messages, deps);
    tx.afterCommit(() => report([run], messages, deps));
    return {
      ok: true,
      execution_id: run.id,
      messages: messages.map((message) => ({
        message_id: message.id,
        channel: message.channel,
        variant: message.variant_id,
        status: message.status,
        failure_reason: message.failure_reason,
        vendor: message.vendor_slug,
      })),
    };

    /** Nobody expands it: the run is made here. */
    async function insertRequest({ body }: { body: JsonObject }): Promise<void> {
      await tx.query(
        `insert into request (workspace_id, id, lane, api_type, name, tenant_id, idempotency_key, body)
         values ($1, $2, $3, 'dynamic', $4, $5, $6, $7)`,
        [workspace_id, id, workflow.lane, slug, mock.tenant_id, id, storableJson(body)],
      );
    }
  });
}

type Tried = Trial["tried"];

function channelsOf(tried: Tried): Channel[] {
  if (tried.kind !== "selection") return [tried.variant.channel];
  const live = [...tried.template.channels.keys()];
  return live.filter((channel) => tried.channels?.includes(channel) ?? true);
}

function textOf(tried: Tried): string {
  return tried.kind === "selection"
    ? `template '${tried.template.slug}'`
    : `${tried.variant.channel} variant '${tried.variant.id}'`;
}

function aboutTrial(tried: Tried): JsonObject {
  return tried.kind === "selection"
    ? { channels: channelsOf(tried) }
    : { channel: tried.variant.channel, variant: tried.variant.id };
}
