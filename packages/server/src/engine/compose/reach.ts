import type { LiveTemplate } from "../../catalog/live-template.ts";
import type { CompiledNode } from "../../catalog/workflow.ts";
import { type Channel, CHANNELS, isChannel, isOurs } from "../../core/channel.ts";
import { identityName, ownIdentity, type StoredIdentity } from "../../core/profile/identity.ts";
import type { JsonObject } from "../../core/json.ts";
import { evaluatePreference, NO_CHOICE } from "../../core/preferences/preferences.ts";
import { inboxSubscriberId } from "../../workspaces/workspaces.ts";
import type { DeliveryRequest } from "../node.ts";
import { knownProfile } from "../chunk/profile.ts";
import { addStep, type Run, type ChunkData } from "../run.ts";
import { concernOf, policyOf } from "../chunk/chunk-data.ts";

/** What a delivery node can send to its recipient. */
export interface Reach {
  template: LiveTemplate;
  /** At least one. */
  channels: Channel[];
  identities: ReadonlyMap<Channel, StoredIdentity[]>;
}

/**
 * Determines the channels on which the recipient is reached. Each gate narrows what the previous one left: live in the
 * template, requested by the node, allowed by the trigger, with an address, wanted by recipient and tenant. The step
 * log gets all gates with the values they read; null: no channel is left, and the log says why.
 */
export function findReach(
  run: Run,
  node: CompiledNode,
  request: DeliveryRequest,
  chunkData: ChunkData,
): Reach | null {
  const template = chunkData.templates.get(`${run.workspace_id}/${request.template}`) ?? null;
  if (template === null || template.channels.size === 0) {
    const missing = `TemplateGroup ${request.template} not found`;
    addStep(run, node, "error", "channels_computed", missing, {
      code: "template_not_found",
      template: request.template,
    });
    return null;
  }
  const live = [...template.channels.keys()];
  const tenant = chunkData.tenants.get(`${run.workspace_id}/${run.tenant_id}`) ?? null;
  const identities = usableIdentities(run, chunkData);
  const requested =
    request.channels === null ? live : live.filter((channel) => request.channels?.includes(channel));
  const { only = null } = run.inline ?? {};
  const allowed = requested.filter((channel) => only === null || only.includes(channel));
  const addressed = allowed.filter((channel) => (identities.get(channel)?.length ?? 0) > 0);
  const preference = evaluatePreference({
    category: run.workflow.category,
    policy: policyOf(run, chunkData),
    tenant_id: run.tenant_id,
    tenant_blocked_channels: tenant?.blocked_channels?.filter(isChannel) ?? null,
    choice: chunkData.choices.get(run.workspace_id)?.(concernOf(run)) ?? NO_CHOICE,
    channels: addressed,
  });
  const reachable = preference.channels;
  const seen: JsonObject = {
    template: template.slug,
    template_version: template.version_no,
    live_channels: live,
    node_channels: request.channels,
    trigger_channels: only,
    recipient_channels: [...identities].flatMap(([channel, list]) => (list.length > 0 ? [channel] : [])),
    preference: preference.snapshot,
    channels: reachable,
  };
  if (requested.length === 0) {
    const wanted = request.channels?.join(", ") ?? "";
    addStep(
      run,
      node,
      "error",
      "channels_computed",
      `template: live channels: [${live.join(", ")}], none of [${wanted}]`,
      { code: "template_not_found", ...seen },
    );
    return null;
  }
  if (preference.refused.size > 0) {
    const { message, snapshot } = preference;
    if (preference.code === null) addStep(run, node, "info", "preference_evaluated", message, snapshot);
    else {
      const { severity, code } = preference;
      addStep(run, node, severity, "preference_evaluated", message, { code, ...snapshot });
    }
  }
  if (addressed.length === 0) {
    const message = `template: live channels: [${live.join(", ")}], but no respective user (subscribed-)channels present`;
    addStep(run, node, "warning", "channels_computed", message, { code: "no_active_channels", ...seen });
    return null;
  }
  if (reachable.length === 0) return null;
  addStep(run, node, "info", "channels_computed", `channels: ${reachable.join(", ")}`, seen);
  return { template, channels: reachable, identities };
}

/** Identities by channel: those given inline by the trigger replace the stored ones of that channel. */
export function usableIdentities(run: Run, chunkData: ChunkData): Map<Channel, StoredIdentity[]> {
  const byChannel = new Map<Channel, StoredIdentity[]>();
  const known = knownProfile(run, run, chunkData).identities;
  for (const identity of known) {
    if (identity.status !== "active" || identity.perma_status !== "active") continue;
    push(byChannel, identity);
  }
  // A suppressed address stays suppressed when a trigger repeats it.
  const dead = new Set(
    known
      .filter(({ status, perma_status }) => status !== "active" || perma_status !== "active")
      .map(identityName),
  );
  const inline = run.inline?.identities ?? [];
  for (const channel of new Set(inline.map((identity) => identity.channel))) byChannel.delete(channel);
  for (const identity of inline) if (!dead.has(identityName(identity))) push(byChannel, identity);
  const workspace = chunkData.workspaces.get(run.workspace_id);
  if (run.inline?.is_transient !== true && workspace !== undefined) {
    const key = inboxSubscriberId(workspace, run);
    for (const channel of OURS) if (!byChannel.has(channel)) push(byChannel, ownIdentity(channel, key));
  }
  return byChannel;
}

const OURS = CHANNELS.filter(isOurs);

function push(byChannel: Map<Channel, StoredIdentity[]>, identity: StoredIdentity): void {
  const list = byChannel.get(identity.channel);
  if (list === undefined) byChannel.set(identity.channel, [identity]);
  else list.push(identity);
}
