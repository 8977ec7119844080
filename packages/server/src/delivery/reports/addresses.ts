import { type Channel, CHANNEL_TRAITS } from "../../core/channel.ts";
import { int, rowsOf, text } from "../../db/bulk.ts";
import type { Queryable } from "../../db/db.ts";

/** An address of one recipient. */
export interface RecipientAddress {
  workspace_id: number;
  recipient_id: string;
  channel: Channel;
  /** Its `identity_key`. */
  key: string;
}

/** Deactivates addresses of recipients, for as long as the channel's trait says. */
export async function deactivateOf(db: Queryable, addresses: readonly RecipientAddress[]): Promise<void> {
  if (addresses.length === 0) return;
  const { from, values } = rowsOf("b", addresses, {
    workspace_id: int((address) => address.workspace_id),
    recipient_id: text((address) => address.recipient_id),
    channel: text((address) => address.channel),
    key: text((address) => address.key),
    days: int(({ channel }) => CHANNEL_TRAITS[channel].bounce_days),
  });
  await db.query(
    `update identity i
        set perma_status = 'disabled', updated_at = now(),
            perma_until = now() + make_interval(days => b.days)
       from ${from}
      where i.workspace_id = b.workspace_id and i.recipient_id = b.recipient_id and i.channel = b.channel and i.key = b.key`,
    values,
    "address_deactivate_of",
  );
}

/** An address, for everybody in the workspace who has it, and whether it may be used from now on. */
export interface AddressChange extends Omit<RecipientAddress, "recipient_id"> {
  is_wanted: boolean;
}

/**
 * What people said about being written to: an address is deactivated for all who have it, for as long as the channel's
 * trait says, or used again. Relies on the index `identity_address`.
 */
export async function changeAddresses(db: Queryable, changes: readonly AddressChange[]): Promise<void> {
  // The last word about an address counts.
  const last = new Map(changes.map((one) => [`${one.workspace_id}/${one.channel}/${one.key}`, one]));
  if (last.size === 0) return;
  const { from, values } = rowsOf("b", [...last.values()], {
    workspace_id: int((address) => address.workspace_id),
    channel: text((address) => address.channel),
    key: text((address) => address.key),
    days: int(({ channel }) => CHANNEL_TRAITS[channel].bounce_days),
    status: text(({ is_wanted }) => (is_wanted ? "active" : "disabled")),
  });
  await db.query(
    `update identity i
        set perma_status = b.status, updated_at = now(),
            perma_until = case when b.status = 'disabled' then now() + make_interval(days => b.days) end
       from ${from}
      where i.workspace_id = b.workspace_id and i.key = b.key and i.channel = b.channel
        and i.channel in ('email', 'sms', 'whatsapp')`,
    values,
    "address_change",
  );
}
