import type { VariantSnapshot } from "../../catalog/template.ts";
import { replaceFilesWithNotes } from "../../core/attachments.ts";
import type { Channel } from "../../core/channel.ts";
import type { JsonObject } from "../../core/json.ts";
import type { StoredIdentity } from "../../core/profile/identity.ts";
import { sourceOf } from "../../core/request-payload.ts";
import { endStatusOf } from "../../core/run-state.ts";
import { storableJson } from "../../core/text/text.ts";
import { bucketOf } from "../../ids.ts";
import { writeChunk } from "../chunk/store.ts";
import { composeChannel, logMessage } from "../compose/compose.ts";
import { usableIdentities } from "../compose/reach.ts";
import type { StageDeps } from "../deps.ts";
import type { RequestRow } from "../expand/intent.ts";
import { addStep, severitiesOf } from "../run.ts";
import { report } from "../walk/after-commit.ts";
import { loadMockConfiguration, mockRun, type MockTrigger } from "./mock.ts";
import { trialWorkflow } from "./trial-workflow.ts";

/** A variant to be sent for real to one recipient, whatever its conditions and the recipient's preferences say. */
export interface Trial {
  mock: MockTrigger;
  /** Version 0: a draft. */
  template: { slug: string; version_no: number };
  variant: VariantSnapshot;
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
  channel: Channel;
  /** What it begins with; the log of messages has what becomes of it. */
  status: string;
  failure_reason: string | null;
  vendor: string | null;
}

/**
 * Sends a variant as a run of its own, which appears in the logs: rendered with the mock trigger, through the vendors and
 * the test mode of the workspace. Refused, it has written nothing.
 */
export async function sendTrial(trial: Trial, deps: StageDeps): Promise<TrialResult> {
  const { mock, template, variant, identities, category } = trial;
  const { workspace_id, recipient } = mock;
  if ((await deps.preferences.findCategory(workspace_id, category)) === null) {
    return { ok: false, field: "category", reason: "is no published category" };
  }
  const { slug, name, definition } = trialWorkflow(template.slug, category);
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
      test: { channel: variant.channel, variant: variant.id, version_no: template.version_no || null },
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
    const { channel } = variant;
    const addresses = usableIdentities(run, chunkData).get(channel) ?? [];
    if (addresses.length === 0) {
      return { ok: false, field: "identities", reason: `there is no active address on ${channel}` };
    }
    const [node] = workflow.nodes;
    if (node === undefined) throw new Error("the workflow of a test has no node");
    const version = template.version_no === 0 ? "the draft" : `version ${template.version_no}`;
    addStep(run, null, "info", "run_started", `test of ${channel} variant '${variant.id}' of ${version}`);
    const about = { run, node, channel, identities: addresses, template, variant };
    const messages = composeChannel(about, scope, chunkData, deps).map(({ message }) => message);
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
      messages: messages.map(({ id: message_id, status, failure_reason, vendor_slug }) => {
        return { message_id, channel, status, failure_reason, vendor: vendor_slug };
      }),
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
