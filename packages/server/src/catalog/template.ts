import type { Channel } from "../core/channel.ts";
import type { Condition } from "../core/conditions/conditions.ts";
import type { JsonObject } from "../core/json.ts";

/** Slugs by which workflows may refer to a template. */
export const TEMPLATE_SLUG = /^[A-Za-z0-9_.-]{1,128}$/;

/** A committed template: a snapshot of its variants. */
export interface TemplateSnapshot {
  name: string;
  description: string | null;
  tags: string[];
  enabled_channels: Channel[];
  variants: VariantSnapshot[];
}

export interface VariantSnapshot {
  channel: Channel;
  id: string;
  tenant_id: string | null;
  locale: string;
  conditions: Condition[];
  content: JsonObject;
  needs_vendor_approval: boolean;
  seq_no: number;
  hash: string;
}
