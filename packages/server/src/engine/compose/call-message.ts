import { bucketOfId } from "../../ids.ts";
import type { CompiledNode } from "../../catalog/workflow.ts";
import type { WalkDeps } from "../deps.ts";
import type { CallRecord } from "../node.ts";
import type { NewMessage, Run } from "../run.ts";

/** The message-log row of a webhook node: nothing is sent for it, the call itself is what was delivered. */
export function callMessage(
  run: Run,
  node: CompiledNode,
  { request, response, failure }: CallRecord,
  { ids }: Pick<WalkDeps, "ids">,
): NewMessage {
  return {
    workspace_id: run.workspace_id,
    tenant_id: run.tenant_id,
    id: ids.ulidIn(bucketOfId(run.id)),
    run,
    node_ref: node.ref,
    template_slug: null,
    template_version_no: null,
    variant_id: null,
    channel: "webhook",
    provider: "",
    identity_key: "",
    channel_value: typeof request.url === "string" ? request.url : null,
    content: null,
    attachments: null,
    vendor_config_id: null,
    vendor_slug: null,
    status: failure === null ? "delivered" : "trigger_failed",
    failure_reason: failure,
    webhook_data: { request, response },
    lease: null,
    inbox_item: null,
    smart: null,
  };
}
