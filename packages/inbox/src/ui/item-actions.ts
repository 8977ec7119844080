import type { Action, Item } from "../core/types.ts";
import { moment } from "../languages/time.ts";
import type { ItemActions, Ui } from "./look.tsx";

/** What can be done to an item; what takes it out of sight says so and offers to undo it. */
export function actionsOf(
  { inbox, words }: Ui,
  item: Item,
  act: (action: Action, text?: string) => void,
): ItemActions {
  const id = item.n_id;
  return {
    read: () => act(inbox.read(id)),
    unread: () => act(inbox.unread(id)),
    archive: () => act(inbox.archive(id), words.say("archived")),
    unarchive: () => act(inbox.unarchive(id)),
    pin: () => act(inbox.pin(id)),
    unpin: () => act(inbox.unpin(id)),
    snooze: (until) =>
      act(inbox.snooze(id, until), words.say("snoozedUntil", { time: moment(words.locale, Number(until)) })),
    unsnooze: () => act(inbox.unsnooze(id)),
  };
}
