import type { VariantSnapshot } from "../catalog/template.ts";
import type { CompiledNode } from "../catalog/workflow.ts";
import type { Channel } from "../core/channel.ts";
import type { StoredIdentity } from "../core/identity.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { rootOf } from "../core/lane.ts";
import { TemplateError } from "../core/handlebars/engine.ts";
import { selectVariant } from "../core/variants.ts";
import { inboxSubscriberId } from "../workspaces/workspaces.ts";
import type { DeliveryRequest } from "./node.ts";
import { addStep, type NewMessage, type Run, type Surroundings } from "./run.ts";
import type { RunScope } from "./scope.ts";
import type { WalkDeps } from "./deps.ts";

/**
 * From "send this template" to message rows: which channels the recipient is reached on, with every gate and the
 * values it saw in the step log, and one rendered message per identity. A channel that fails is logged and the
 * others go on.
 */
export function composeMessages(
  run: Run,
  node: CompiledNode,
  request: DeliveryRequest,
  scope: RunScope,
  surroundings: Surroundings,
  deps: WalkDeps,
): NewMessage[] {
  const { now } = surroundings;
  const template = surroundings.templates.get(`${run.workspace_id}/${request.template}`) ?? null;
  if (template === null || template.channels.size === 0) {
    addStep(run, now, node, "error", "channels_computed", `TemplateGroup ${request.template} not found`);
    return [];
  }
  const live = [...template.channels.keys()];
  const tenant = surroundings.tenants.get(`${run.workspace_id}/${run.tenant_id}`) ?? null;
  const identities = usableIdentities(run, surroundings);
  const requested =
    request.channels === null ? live : live.filter((channel) => request.channels?.includes(channel));
  const allowed = requested.filter(
    (channel) =>
      (run.inline?.only === null || run.inline?.only === undefined || run.inline.only.includes(channel)) &&
      tenant?.blocked_channels?.includes(channel) !== true,
  );
  const reachable = allowed.filter((channel) => (identities.get(channel)?.length ?? 0) > 0);
  const seen: JsonObject = {
    template: template.slug,
    template_version: template.version_no,
    live_channels: live,
    node_channels: request.channels,
    trigger_channels: run.inline?.only ?? null,
    tenant_blocked_channels: tenant?.blocked_channels ?? null,
    recipient_channels: [...identities].flatMap(([channel, list]) => (list.length > 0 ? [channel] : [])),
    channels: reachable,
  };
  if (requested.length === 0) {
    const wanted = request.channels?.join(", ") ?? "";
    addStep(
      run,
      now,
      node,
      "error",
      "channels_computed",
      `template: live channels: [${live.join(", ")}], none of [${wanted}]`,
      seen,
    );
    return [];
  }
  if (reachable.length === 0) {
    const message = `template: live channels: [${live.join(", ")}], but no respective user (subscribed-)channels present`;
    addStep(run, now, node, "warning", "channels_computed", message, seen);
    return [];
  }
  addStep(run, now, node, "info", "channels_computed", `channels: ${reachable.join(", ")}`, seen);
  return reachable.flatMap((channel) => {
    const variants = template.channels.get(channel) ?? [];
    const variant = selectVariant(variants, run.tenant_id, scope.locale, {
      namespaces: scope.namespaces,
      now,
    });
    if (variant === null) return [];
    const addressed = { run, node, channel, identities: identities.get(channel) ?? [] };
    return composeChannel({ ...addressed, template, variant }, scope, surroundings, deps);
  });
}

interface ChannelMessage {
  run: Run;
  node: CompiledNode;
  channel: Channel;
  identities: StoredIdentity[];
  template: { slug: string; version_no: number };
  variant: VariantSnapshot;
}

function composeChannel(
  { run, node, channel, identities, template, variant }: ChannelMessage,
  scope: RunScope,
  surroundings: Surroundings,
  deps: WalkDeps,
): NewMessage[] {
  const { now } = surroundings;
  const rendered = render(channel, variant, scope, now, deps);
  if (rendered.failure !== null) addStep(run, now, node, "error", "template_rendered", rendered.failure);
  const attachments = channel === "email" ? attachmentsOf(run.data) : null;
  return identities.map((identity) => {
    const vendor = surroundings.vendors
      .get(run.workspace_id)
      ?.pick(channel, rootOf(run.workflow.lane), run.tenant_id, identity.provider);
    const missing = `no vendor configured for channel: ${channel} and category: ${run.workflow.category} and id-provider: ${identity.provider}`;
    const failure = rendered.failure ?? (vendor ? null : missing);
    const local =
      failure === null && rendered.content !== null ? vendor?.local?.(rendered.content) : undefined;
    const id = deps.ids.ulid();
    if (failure === null) {
      addStep(run, now, node, "info", "message_triggered", `${channel} message triggered`, {
        message_id: id,
        channel,
        variant: variant.id,
        vendor: vendor?.vendor_slug ?? null,
      });
    } else if (rendered.failure === null) {
      addStep(run, now, node, "error", "channels_computed", failure);
    }
    return {
      workspace_id: run.workspace_id,
      tenant_id: run.tenant_id,
      id,
      run,
      node_ref: node.ref,
      template_slug: template.slug,
      template_version_no: template.version_no,
      variant_id: variant.id,
      channel,
      provider: identity.provider,
      identity_key: identity.key,
      channel_value: identity.value,
      content: rendered.content,
      attachments,
      vendor_config_id: vendor?.vendor_config_id ?? null,
      vendor_slug: vendor?.vendor_slug ?? null,
      status: failure !== null ? "trigger_failed" : local === undefined ? "triggered" : "delivered",
      failure_reason: failure,
      lease: null,
      inbox_item: local ?? null,
    };
  });
}

type Rendered = { content: JsonObject; failure: null } | { content: null; failure: string };

function render(
  channel: Channel,
  variant: VariantSnapshot,
  scope: RunScope,
  now: Date,
  deps: WalkDeps,
): Rendered {
  const definition = deps.channels.get(channel);
  if (definition === undefined) return { content: null, failure: `${channel}: channel is not supported` };
  try {
    const text = (source: string) => deps.templates.compile(source).render(scope.context, { now });
    return { content: definition.render(variant.content, text), failure: null };
  } catch (error) {
    if (error instanceof TemplateError) {
      return { content: null, failure: `${channel}: template rendering failed error: ${error.message}` };
    }
    throw error;
  }
}

/** Identities by channel: what the trigger gave inline replaces the stored ones of that channel. */
function usableIdentities(run: Run, surroundings: Surroundings): Map<Channel, StoredIdentity[]> {
  const byChannel = new Map<Channel, StoredIdentity[]>();
  const stored = run.recipient_id === null ? undefined : surroundings.recipients.get(run.recipient_id);
  for (const identity of stored?.identities ?? []) {
    if (identity.status !== "active" || identity.perma_status !== "active") continue;
    push(byChannel, identity);
  }
  // What is suppressed stays suppressed when a trigger repeats the address.
  const dead = new Set(
    (stored?.identities ?? [])
      .filter(({ status, perma_status }) => status !== "active" || perma_status !== "active")
      .map(({ channel, key }) => `${channel} ${key}`),
  );
  const inline = run.inline?.identities ?? [];
  for (const channel of new Set(inline.map((identity) => identity.channel))) byChannel.delete(channel);
  for (const identity of inline)
    if (!dead.has(`${identity.channel} ${identity.key}`)) push(byChannel, identity);
  const workspace = surroundings.workspaces.get(run.workspace_id);
  if (
    run.object_type === "" &&
    run.inline?.is_transient !== true &&
    workspace !== undefined &&
    !byChannel.has("inbox")
  ) {
    const key = inboxSubscriberId(workspace, run.distinct_id);
    byChannel.set("inbox", [
      {
        channel: "inbox",
        provider: "suprsend",
        key,
        value: key,
        device_id: null,
        bundle_id: null,
        status: "active",
        perma_status: "active",
      },
    ]);
  }
  return byChannel;
}

function push(byChannel: Map<Channel, StoredIdentity[]>, identity: StoredIdentity): void {
  const list = byChannel.get(identity.channel);
  if (list === undefined) byChannel.set(identity.channel, [identity]);
  else list.push(identity);
}

function attachmentsOf(data: JsonObject): unknown[] | null {
  const attachments: Json | undefined = Object.hasOwn(data, "$attachments") ? data.$attachments : undefined;
  if (!Array.isArray(attachments)) return null;
  const usable = attachments.filter(isJsonObject);
  return usable.length === 0 ? null : usable;
}
