import { bucketOfId } from "../../ids.ts";
import type { Turn } from "../walk/turn.ts";
import type { Stage } from "../../core/log/step-log.ts";
import type { LiveTemplate, LiveVariant } from "../../catalog/live-template.ts";
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
import { renderContent, type RenderScope } from "../../channels/channel.ts";
import { TemplateError } from "../../templates/engine.ts";
import { selectVariant } from "../../core/variants.ts";
import type { DeliveryRequest } from "../node.ts";
import { knownProfile } from "../chunk/profile.ts";
import { withLinks } from "./links.ts";
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
  const composed = channels.flatMap((channel): Composed[] => {
    const variant = chooseVariant(run, node, template, channel, scope);
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

/** The variant of a channel that the run's recipient gets; null: the one that is left waits for a vendor's approval. */
export function chooseVariant(
  run: Run,
  node: CompiledNode,
  template: LiveTemplate,
  channel: Channel,
  { namespaces, locale }: RunScope,
): LiveVariant | null {
  const shelf = template.channels.get(channel);
  if (shelf === undefined) return null;
  const about = { namespaces, now: run.now };
  const { variant, passed, locales } = selectVariant(shelf, run.tenant_id, locale, about);
  const facts = {
    channel,
    variant: variant?.id ?? null,
    tenant_id: run.tenant_id,
    locales,
    passed_over: passed.slice(0, MAX_PASSED).map(({ id, why }) => ({ variant: id, why })),
  };
  if (variant === null) {
    const text = `${channel}: variant '${shelf.fallback?.id}' waits for a vendor's approval, and no other fits`;
    addStep(run, node, "error", "variant_selected", text, { code: "template_not_approved", ...facts });
  } else if (shelf.variants.length > 1) {
    addStep(run, node, "info", "variant_selected", `${channel}: ${placeText(variant)}`, facts);
  }
  return variant;
}

/** A template may have hundreds of variants; a log must stay readable. */
const MAX_PASSED = 10;

function placeText({ id, tenant_id, locale, conditions }: LiveVariant): string {
  if (id === "default") return "variant 'default', as no other fits";
  const tenant = tenant_id === null ? "any tenant" : `tenant '${tenant_id}'`;
  return `variant '${id}', for ${tenant}, locale ${locale}${conditions.length > 0 ? " and its conditions" : ""}`;
}

/** Logs what becomes of a message at first. */
export function logMessage(run: Run, node: CompiledNode, message: NewMessage): void {
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

export interface ChannelMessage {
  run: Run;
  node: CompiledNode;
  channel: Channel;
  identities: StoredIdentity[];
  template: { slug: string; version_no: number };
  variant: LiveVariant;
}

/** Renders a variant and makes one message for each of the addresses. */
export function composeChannel(
  { run, node, channel, identities, template, variant }: ChannelMessage,
  scope: RunScope,
  chunkData: ChunkData,
  deps: WalkDeps,
): Composed[] {
  const { now } = run;
  const test_mode = chunkData.workspaces.get(run.workspace_id)?.test_mode ?? null;
  const bucket = bucketOfId(run.id);
  const message_ids = identities.map(() => deps.ids.ulidIn(bucket));
  // What is rendered once for several addresses has the first message's links.
  const [message_id = ""] = message_ids;
  const context = withLinks(run, scope, chunkData, { channel, message_id });
  const { translator } = scope;
  const rendered = renderVariant(channel, variant, { context, now, translator }, deps);
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
    for (const notice of deps.channels.get(channel)?.notices?.(content) ?? []) {
      addStep(run, node, "info", "template_rendered", `${channel}: ${notice}`, {
        channel,
        variant: variant.id,
      });
    }
    if (held > 0) addStep(run, node, "info", "message_redirected", `${channel}: copies not sent: ${held}`);
  }
  const attachments = CHANNEL_TRAITS[channel].carries_files ? readAttachments(run, node) : null;
  return identities.map((meant, index) => {
    const { identity, redirected, blocked } = redirectForTestMode(meant, test_mode, deps);
    if (redirected !== null) addStep(run, node, "info", "message_redirected", `${channel}: ${redirected}`);
    const vendor = chunkData.vendors
      .get(run.workspace_id)
      ?.pick(channel, rootOf(run.workflow.lane), run.tenant_id, identity.provider);
    const missing = `no vendor configured for channel: ${channel} and category: ${run.workflow.category} and id-provider: ${identity.provider}`;
    const failure = rendered.failure ?? (vendor ? null : missing);
    const isHeld = failure !== null || blocked !== null;
    const local = isHeld || rendered.content === null ? undefined : vendor?.local?.(rendered.content);
    const id = message_ids[index] ?? "";
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

function renderVariant(channel: Channel, variant: LiveVariant, scope: RenderScope, deps: WalkDeps): Rendered {
  const definition = deps.channels.get(channel);
  if (definition === undefined) return { content: null, failure: `${channel}: channel is not supported` };
  try {
    const content = renderContent(deps.content, definition, variant.content, scope);
    return { content: withApprovals(content, variant), failure: null };
  } catch (error) {
    if (error instanceof TemplateError) {
      return { content: null, failure: `${channel}: template rendering failed error: ${error.message}` };
    }
    throw error;
  }
}

/** Vendors that approve content send it under names of their own; which of them does is decided later. */
function withApprovals(content: JsonObject, { vendor_approvals }: LiveVariant): JsonObject {
  const approved = vendor_approvals.filter(({ approval_status }) => approval_status === "approved");
  return approved.length === 0
    ? content
    : { ...content, vendor_approvals: approved.map((one) => ({ ...one })) };
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
