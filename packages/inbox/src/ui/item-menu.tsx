import { type ReactNode, type RefObject, useState } from "react";
import type { Item } from "../core/types.ts";
import { relativeName, snoozeChoices, soon } from "../languages/time.ts";
import { type ItemActions, usePart, useUi } from "./look.tsx";
import { Menu, type Option } from "./menu.tsx";

/** `pick` asks for a point in time. */
export type MenuView = "all" | "snooze" | "pick";

interface Properties {
  item: Item;
  actions: ItemActions;
  anchor: RefObject<HTMLElement | null>;
  view: MenuView;
  /** Null closes it. */
  setView: (view: MenuView | null) => void;
}

export function ItemMenu({ item, actions, anchor, view, setView }: Properties): ReactNode {
  const { words } = useUi();
  const [now] = useState(Date.now);
  const options: Option[] = [];
  if (view === "all") {
    options.push(
      item.read_on === null
        ? { icon: "check", text: words.say("read"), run: actions.read }
        : { icon: "dot", text: words.say("markUnread"), run: actions.unread },
      item.is_pinned
        ? { icon: "pin", text: words.say("unpin"), run: actions.unpin }
        : { icon: "pin", text: words.say("pin"), run: actions.pin },
      item.snoozed_until === null
        ? { icon: "clock", text: words.say("snooze"), run: () => setView("snooze"), stays: true }
        : { icon: "clock", text: words.say("unsnooze"), run: actions.unsnooze },
      item.archived
        ? { icon: "inbox", text: words.say("unarchive"), run: actions.unarchive }
        : { icon: "archive", text: words.say("archive"), run: actions.archive },
    );
  } else {
    for (const { n, unit, until } of snoozeChoices(now)) {
      options.push({
        icon: "clock",
        text: relativeName(words.locale, n, unit),
        detail: soon(words.locale, until),
        run: () => actions.snooze(until),
      });
    }
    options.push({
      icon: "settings",
      text: words.say("pickTime"),
      run: () => setView("pick"),
      stays: true,
    });
  }
  return (
    <Menu
      anchor={anchor}
      label={words.say(view === "all" ? "menu" : view === "snooze" ? "snooze" : "pickTime")}
      options={options}
      onClose={() => setView(null)}
    >
      {view === "pick" ? <Picker now={now} actions={actions} close={() => setView(null)} /> : undefined}
    </Menu>
  );
}

interface PickerProps {
  now: number;
  actions: ItemActions;
  close: () => void;
}

function Picker({ now, actions, close }: PickerProps): ReactNode {
  const { words } = useUi();
  const part = usePart();
  const [value, setValue] = useState(() => localText(now + 3_600_000));
  return (
    <form
      className="carillon-picker"
      onSubmit={(event) => {
        event.preventDefault();
        const until = new Date(value);
        if (!(until.getTime() > Date.now())) return;
        close();
        actions.snooze(until);
      }}
    >
      <label>
        {words.say("pickTime")}
        <input
          type="datetime-local"
          required
          data-focus=""
          min={localText(now)}
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </label>
      <div {...part("actions")}>
        <button {...part("action")} type="submit" data-primary="">
          {words.say("snooze")}
        </button>
        <button {...part("action")} type="button" onClick={close}>
          {words.say("cancel")}
        </button>
      </div>
    </form>
  );
}

/** As a field for a local date and time has it: `2026-11-30T19:24`. */
function localText(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
