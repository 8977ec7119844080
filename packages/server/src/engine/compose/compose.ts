import { bucketOfId } from "../../ids.ts";
import type { Turn } from "../walk/turn.ts";
import type { Stage } from "../../core/log/step-log.ts";
import type { VariantSnapshot } from "../../catalog/template.ts";
import type { CompiledNode } from "../../catalog/workflow.ts";
import {
  type Attachment,
  attachmentsOf,
  describeAttachment,
  MAX_FILES,
  tooMany,
} from "../../core/attachments.ts";
import { type Channel, CHANNEL_TRAITS } from "../../core/channel.ts";
import type { StoredIdentity } from "../../core/profile/identity.ts";
import type { JsonObject } from "../../core/json.ts";
import { rootOf } from "../../core/lane.ts";
import { createRenderText } from "../../channels/channel.ts";
import { TemplateError } from "../../templates/engine.ts";
import { selectVariant } from "../../core/variants.ts";
import type { DeliveryRequest } from "../node.ts";
import { knownProfile } from "../chunk/profile.ts";
import { findReach } from "./reach.ts";
import { type Composed, routeMessages } from "./route-messages.ts";
import { addStep, type NewMessage, type Run, type ChunkData } from "../run.ts";
import { redirectForTestMode, dropCopiesToRealAddresses } from "./test-mode.ts";
import type { RunScope } from "../chunk/scope.ts";
import type { WalkDeps } from "../deps.ts";

/**
 * Turns a template to send into message rows: one rendered message for each identity on which the recipient is reached.
 * A channel that fails is logged, and the others are sent.
 */
export function composeMessages(
  { run, chunkData, deps }: Turn,
  node: CompiledNode,
  request: DeliveryRequest,
  scope: RunScope,
): NewMessage[] {
  const reach = findReach(run, node, request, chunkData);
  if (reach === null) return [];
  const { template, channels, identities } = reach;
  const about = { namespaces: scope.namespaces, now: run.now };
  const composed = channels.flatMap((channel): Composed[] => {
    const variants = template.channels.get(channel) ?? [];
    const variant = selectVariant(variants, run.tenant_id, scope.locale, about);
    if (variant === null) return [];
    const addressed = { run, node, channel, identities: identities.get(channel) ?? [] };
    return composeChannel({ ...addressed, template, variant }, scope, chunkData, deps);
  });
  const messages =
    request.routing === undefined
      ? composed.map(({ message }) => message)
      : routeMessages(
          run,
          composed,
          knownProfile(run, run, chunkData).identities,
          request.routing,
          chunkData,
        );
  for (const message of messages) logMessage(run, node, message);
  return messages;
}

function logMessage(run: Run, node: CompiledNode, message: NewMessage): void {
  const { id, channel, status, content, failure_reason } = message;
  if (status === "trigger_failed") {
    // A failed rendering was logged once for all addresses of its channel.
    if (content === null) return;
    const { provider } = message;
    addStep(run, node, "error", "channels_computed", failure_reason ?? "", {
      code: "no_vendor",
      channel,
      category: run.workflow.category,
      id_provider: provider,
    });
    return;
  }
  const [stage, text] = toldOf(message);
  addStep(run, node, "info", stage, `${channel} message ${text}`, {
    message_id: id,
    channel,
    variant: message.variant_id,
    vendor: message.vendor_slug,
    ...(message.attachments === null ? {} : { attachments: message.attachments.map(describeAttachment) }),
  });
}

function toldOf({ status, failure_reason, smart }: NewMessage): [stage: Stage, text: string] {
  if (status === "to_be_triggered") {
    return ["message_scheduled", `to be triggered in ${(smart?.wait_ms ?? 0) / 1000} s`];
  }
  if (status === "not_to_be_triggered")
    return ["message_scheduled", `not to be triggered: ${failure_reason}`];
  return ["message_triggered", "triggered"];
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
  chunkData: ChunkData,
  deps: WalkDeps,
): Composed[] {
  const { now } = run;
  const test_mode = chunkData.workspaces.get(run.workspace_id)?.test_mode ?? null;
  const rendered = renderVariant(channel, variant, scope, now, deps);
  if (rendered.failure !== null) {
    const missing = missingVariable(rendered.failure);
    addStep(run, node, "error", "template_rendered", rendered.failure, {
      code: "template_render_failed",
      channel,
      variant: variant.id,
      ...(missing === null ? {} : { variable: missing }),
    });
  } else {
    const { content, held } = dropCopiesToRealAddresses(channel, rendered.content, test_mode, deps);
    rendered.content = content;
    if (held > 0) addStep(run, node, "info", "message_redirected", `${channel}: copies not sent: ${held}`);
  }
  const attachments = CHANNEL_TRAITS[channel].carries_files ? readAttachments(run, node) : null;
  return identities.map((meant) => {
    const { identity, redirected, blocked } = redirectForTestMode(meant, test_mode, deps);
    if (redirected !== null) addStep(run, node, "info", "message_redirected", `${channel}: ${redirected}`);
    const vendor = chunkData.vendors
      .get(run.workspace_id)
      ?.pick(channel, rootOf(run.workflow.lane), run.tenant_id, identity.provider);
    const missing = `no vendor configured for channel: ${channel} and category: ${run.workflow.category} and id-provider: ${identity.provider}`;
    const failure = rendered.failure ?? (vendor ? null : missing);
    const isHeld = failure !== null || blocked !== null;
    const local = isHeld || rendered.content === null ? undefined : vendor?.local?.(rendered.content);
    const id = deps.ids.ulidIn(bucketOfId(run.id));
    const message: NewMessage = {
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
      webhook_data: null,
      attachments,
      vendor_config_id: vendor?.vendor_config_id ?? null,
      vendor_slug: vendor?.vendor_slug ?? null,
      status: beginning(failure, blocked, local !== undefined),
      failure_reason: failure ?? blocked,
      lease: null,
      inbox_item: local ?? null,
      smart: null,
    };
    return { message, price: vendor?.price ?? null };
  });
}

function beginning(
  failure: string | null,
  blocked: string | null,
  is_stored: boolean,
): "triggered" | "delivered" | "trigger_failed" | "trigger_blocked" {
  if (failure !== null) return "trigger_failed";
  if (blocked !== null) return "trigger_blocked";
  return is_stored ? "delivered" : "triggered";
}

type Rendered = { content: JsonObject; failure: null } | { content: null; failure: string };

function renderVariant(
  channel: Channel,
  variant: VariantSnapshot,
  scope: RunScope,
  now: Date,
  deps: WalkDeps,
): Rendered {
  const definition = deps.channels.get(channel);
  if (definition === undefined) return { content: null, failure: `${channel}: channel is not supported` };
  try {
    const text = createRenderText(deps.templates, scope.context, now);
    // One budget for the message: a push may have any number of fields.
    const content = deps.templates.share(() => definition.render(variant.content, text), now);
    return { content, failure: null };
  } catch (error) {
    if (error instanceof TemplateError) {
      return { content: null, failure: `${channel}: template rendering failed error: ${error.message}` };
    }
    throw error;
  }
}

/** The variable that strict rendering did not find, as Handlebars names it. */
function missingVariable(failure: string): string | null {
  return /"([^"]+)" not defined in /.exec(failure)?.[1] ?? null;
}

/** Null if there are none, as for most messages. */
function readAttachments(run: Run, node: CompiledNode): Attachment[] | null {
  const attachments = attachmentsOf(run.data, run.memory.data_before_batch ?? null);
  if (attachments.length === 0) return null;
  const code = "attachment_unusable";
  if (attachments.length > MAX_FILES) {
    addStep(run, node, "warning", code, `email: ${tooMany(attachments.length)}`, { code });
  }
  for (const [index, attachment] of attachments.entries()) {
    const { filename, problem } = attachment;
    if (problem === null) continue;
    const text = `email: attachment ${filename ?? index + 1}: ${problem}`;
    addStep(run, node, "warning", code, text, {
      code,
      attachment: describeAttachment(attachment),
    });
  }
  return attachments;
}
