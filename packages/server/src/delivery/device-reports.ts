import { isChannel, isOurs, isPush } from "../core/channel.ts";
import type { Tx } from "../db/db.ts";
import type { Queue } from "../queue/queue.ts";
import type { AskedAction, MessageActions } from "./message-actions.ts";
import { applyReceipts } from "./receipts.ts";
import { wakeWatchers } from "./watchers.ts";

/**
 * What devices report of notifications: service workers, apps that are closed, and browsers with a legacy inbox. They are
 * believed because they know the message's id, which is in the notification and cannot be guessed; that is why only push
 * messages and clicks on inbox items are taken. Repeating a report changes nothing.
 */
export interface DeviceReport {
  message_id: string;
  status: "delivered" | "clicked" | "dismissed";
  /** By the device's clock, in milliseconds since 1970; null: now. */
  at: number | null;
}

export interface DeviceReports {
  /** Reports about messages that there are not, or no more, are left out: a device can do nothing about them. */
  apply: (tx: Tx, workspace_id: number, reports: readonly DeviceReport[]) => Promise<void>;
}

export function createDeviceReports({
  queue,
  messageActions,
}: {
  queue: Pick<Queue, "enqueue">;
  messageActions: MessageActions;
}): DeviceReports {
  return {
    async apply(tx, workspace_id, reports) {
      // All of them at once, in one order, as everything that locks messages does.
      const rows = await tx.query<{ id: string; channel: string }>(
        `select id, channel from message where workspace_id = $1 and id = any($2) order by id for no key update`,
        [workspace_id, reports.map(({ message_id }) => message_id)],
        "device_reports_lock",
      );
      const among = (of: typeof isPush) =>
        new Set(rows.flatMap(({ id, channel }) => (isChannel(channel) && of(channel) ? [id] : [])));
      const [pushed, ours] = [among(isPush), among(isOurs)];
      const idsOf = (status: DeviceReport["status"], known: ReadonlySet<string>) => [
        ...new Set(
          reports.flatMap((one) =>
            one.status === status && known.has(one.message_id) ? one.message_id : [],
          ),
        ),
      ];
      const delivered = reports.filter(
        ({ message_id, status }) => status === "delivered" && pushed.has(message_id),
      );
      const moved = await applyReceipts(
        tx,
        delivered.map(({ message_id, status, at }) => ({
          workspace_id,
          message_id,
          status,
          reason: null,
          at,
        })),
      );
      await wakeWatchers(tx, moved, queue);
      const clickedItems = idsOf("clicked", ours);
      for (const [action, ids] of [
        ["clicked", [...idsOf("clicked", pushed), ...clickedItems]],
        // An item of the inbox that was clicked has been read (client-protocols.md §10).
        ["read", clickedItems],
        ["dismissed", idsOf("dismissed", pushed)],
      ] as const) {
        const asked = ids.map((message_id): AskedAction => ({ message_id, action }));
        if (asked.length > 0) await messageActions.apply(tx, workspace_id, asked);
      }
    },
  };
}
