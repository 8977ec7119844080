import type { Channel } from "./channel.ts";
import type { JsonObject } from "./json.ts";

/** Which vendor a message would use. The routes belong to delivery; the engine only asks whether there is one. */
export interface VendorChoice {
  load: (workspace_id: number) => Promise<VendorTable>;
}

export interface VendorTable {
  /** The first vendor in the priority list: the tenant's own, else the default tenant's. */
  pick: (channel: Channel, root_category: string, tenant_id: string, provider: string) => ChosenVendor | null;
}

export interface ChosenVendor {
  vendor_config_id: string;
  vendor_slug: string;
  /** The price of one notification; null if not configured. */
  price: number | null;
  /** For a vendor without a remote service: the inbox item for rendered content. Null: the message must be sent. */
  local: ((content: JsonObject) => JsonObject) | null;
}
