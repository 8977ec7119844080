import { CHANNEL_TRAITS, isChannel, type MessageAction } from "../core/channel.ts";
import { rowsOf, text } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";
import { actOnItems, type ActedItem, type FeedAction, type ItemAction } from "../inbox/actions.ts";
import type { Announce, Announcement } from "../inbox/feed.ts";
import { ownerOf } from "../inbox/items.ts";
import type { Queue } from "../queue/queue.ts";
import { closeReached } from "../routing/success.ts";
import { OVER, rank } from "./status-rank.ts";
import { type ChangedMessage, wakeWatchers } from "./watchers.ts";

/**
 * What clients say happened to messages: seen, clicked, dismissed, and for the inbox read and archived, which can be
 * taken back. Status only moves forward; an action for an earlier status only sets its time. The item in our own inbox
 * follows its message.
 */
export interface AskedAction {
  message_id: string;
  action: MessageAction;
}

export type ActionOutcome =
  | { ok: true }
  | { ok: false; type: "not_found" | "status_blocked" | "action_not_supported"; message: string };

export interface MessageActions {
  /** In the order of the actions, each for another message. A refused one does not affect the others. */
  apply: (tx: Tx, workspace_id: number, asked: readonly AskedAction[]) => Promise<ActionOutcome[]>;
}

export interface MessageActionDeps {
  queue: Pick<Queue, "enqueue">;
  announce: Announce;
}

/** What an action on a message is for its item; a dismissed push has none. */
const ITEM_ACTIONS: Record<MessageAction, FeedAction | null> = {
  seen: "seen",
  clicked: "interacted",
  dismissed: null,
  read: "read",
  unread: "unread",
  archived: "archive",
  unarchived: "unarchive",
};

export function createMessageActions({ queue, announce }: MessageActionDeps): MessageActions {
  return {
    async apply(tx, workspace_id, asked) {
      const { outcomes, known } = await applyToMessages(tx, workspace_id, asked, queue);
      const acted = await actOnItems(
        tx,
        workspace_id,
        asked.flatMap(({ message_id: id, action: asked_for }, index): ItemAction[] => {
          const row = known.get(id);
          const action = ITEM_ACTIONS[asked_for];
          if (row === undefined || action === null || outcomes[index]?.ok !== true) return [];
          return [{ id, owner: ownerOf(row), action }];
        }),
      );
      tx.afterCommit(() => announce(acted.filter(({ is_changed }) => is_changed).map(asUpdate)));
      return outcomes;
    },
  };
}

export function asUpdate({ key, id, seq, action }: ActedItem): Announcement {
  return { key, seq, change: { kind: "update", n_id: id, action } };
}

/** The messages alone: their items are for the caller, who locks the feeds last. */
export async function applyToMessages(
  tx: Tx,
  workspace_id: number,
  asked: readonly AskedAction[],
  queue: Pick<Queue, "enqueue">,
): Promise<{ outcomes: ActionOutcome[]; known: Map<string, LockedMessage> }> {
  const ids = asked.map(({ message_id }) => message_id);
  const known = await lockMessages(tx, workspace_id, ids);
  const outcomes = asked.map((one) => judge(one, known.get(one.message_id)));
  const sound = asked.filter((_one, index) => outcomes[index]?.ok === true);
  if (sound.length === 0) return { outcomes, known };
  const changed = await write(tx, workspace_id, sound);
  await closeReached(
    tx,
    changed.filter(({ smart_step }) => smart_step !== null),
  );
  await wakeWatchers(tx, changed, queue);
  return { outcomes, known };
}

interface LockedMessage {
  id: string;
  channel: string;
  status: string;
  recipient_id: string | null;
  object_type: string;
  distinct_id: string;
}

async function lockMessages(
  tx: Tx,
  workspace_id: number,
  ids: readonly string[],
): Promise<Map<string, LockedMessage>> {
  const rows = await tx.query<LockedMessage>(
    `select id, channel, status, recipient_id, object_type, distinct_id from message
      where workspace_id = $1 and id = any($2) order by id for no key update`,
    [workspace_id, ids],
    "message_actions_lock",
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** What has not been sent cannot have been seen: a step of a routing whose turn is to come. */
const BLOCKED: ReadonlySet<string> = new Set([...OVER, "to_be_triggered"]);

function judge({ message_id, action }: AskedAction, row: LockedMessage | undefined): ActionOutcome {
  if (row === undefined) {
    return { ok: false, type: "not_found", message: `message '${message_id}' not found` };
  }
  const { channel, status } = row;
  if (BLOCKED.has(status)) {
    const message = `'${action}' is not possible: the status of the message is '${status}'`;
    return { ok: false, type: "status_blocked", message };
  }
  const actions = isChannel(channel) ? CHANNEL_TRAITS[channel].actions : [];
  if (actions.includes(action)) return { ok: true };
  const possible = actions.length === 0 ? "none is" : `there are: ${actions.join(", ")}`;
  const message = `'${action}' is not supported by the channel '${channel}'; ${possible}`;
  return { ok: false, type: "action_not_supported", message };
}

/** The time of the first report of a stage stays. */
const first = (column: string, ...actions: MessageAction[]): string =>
  `${column} = case when ${among(actions)} then coalesce(m.${column}, now()) else m.${column} end`;

/** A flag has the time at which it was last set. */
const last = (column: string, action: MessageAction): string =>
  `${column} = case when ${among([action])} then now() else m.${column} end`;

/** Who clicks on an item has read it. */
const READS = "(a.action = 'read' or (a.action = 'clicked' and m.channel = 'inbox' and not m.is_read))";

const among = (actions: readonly MessageAction[]): string =>
  `a.action in (${actions.map((action) => `'${action}'`).join(", ")})`;

async function write(
  tx: Tx,
  workspace_id: number,
  actions: readonly AskedAction[],
): Promise<(ChangedMessage & { id: string; smart_step: number | null })[]> {
  const { from, values, next } = rowsOf("a", actions, {
    message_id: text(({ message_id }) => message_id),
    action: text(({ action }) => action),
  });
  return tx.query(
    `update message m
        set status = case when ${rank("a.action")} > ${rank("m.status")} then a.action else m.status end,
            ${first("delivered_at", "seen", "clicked", "dismissed", "read")},
            ${first("seen_at", "seen", "clicked", "read")},
            ${first("clicked_at", "clicked")},
            ${first("dismissed_at", "dismissed")},
            read_at = case when ${READS} then now() else m.read_at end,
            ${last("unread_at", "unread")},
            ${last("archived_at", "archived")},
            ${last("unarchived_at", "unarchived")},
            is_read = case when ${READS} then true when a.action = 'unread' then false else m.is_read end,
            is_archived = case a.action when 'archived' then true when 'unarchived' then false else m.is_archived end,
            updated_at = now()
       from ${from}
      where m.workspace_id = $${next} and m.id = a.message_id
     returning m.workspace_id, m.id, m.smart_step, m.execution_id, m.tenant_id, m.lane, m.is_watched`,
    [...values, workspace_id],
    "message_actions",
  );
}
