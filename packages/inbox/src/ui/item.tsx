import { type MouseEvent, type ReactNode, useId, useRef, useState } from "react";
import type { Item as InboxItem } from "../core/types.ts";
import { ago, moment } from "../languages/time.ts";
import { Icon } from "./icon.tsx";
import { actionsOf } from "./item-actions.ts";
import { ItemMenu, type MenuView } from "./item-menu.tsx";
import { follow, Link } from "./links.tsx";
import { type ItemActions, type Look, lookOf, Restyled, useDo, usePart, useRoot, useUi } from "./look.tsx";
import { Picture } from "./picture.tsx";
import type { Row } from "./rows.ts";
import { Text } from "./text.tsx";
import { Tool } from "./tool.tsx";

export interface ItemProps extends Look {
  item: InboxItem;
}

/** One item alone, as the feed shows it. */
export function Item({ item, ...look }: ItemProps): ReactNode {
  return (
    <Restyled look={lookOf(look)}>
      <AloneItem item={item} />
    </Restyled>
  );
}

function AloneItem({ item }: { item: InboxItem }): ReactNode {
  const [menu, setMenu] = useState<MenuView | null>(null);
  return (
    <div {...useRoot()} className="carillon-root">
      <Card
        row={{ item, heading: null, others: 0, isOpen: false, isNested: false }}
        now={Date.now()}
        top={null}
        position={1}
        total={1}
        isActive
        menu={menu}
        setMenu={setMenu}
        toggleStack={() => {}}
      />
    </div>
  );
}

interface CardProps {
  row: Row;
  now: number;
  /** Pixels from the top of the list; null where it is not in one. */
  top: number | null;
  position: number;
  /** -1 where it is not known. */
  total: number;
  /** It has the tab stop of its feed. */
  isActive: boolean;
  menu: MenuView | null;
  setMenu: (view: MenuView | null) => void;
  toggleStack: () => void;
}

export function Card(properties: CardProps): ReactNode {
  const { row, now, top, position, total, isActive, menu, setMenu, toggleStack } = properties;
  const { item } = row;
  const ui = useUi();
  const { words, slots } = ui;
  const part = usePart();
  const act = useDo();
  const actions = actionsOf(ui, item, act);
  const id = useId();
  const more = useRef<HTMLButtonElement>(null);
  const tabIndex = isActive ? 0 : -1;
  const isUnread = item.read_on === null;
  const Custom = slots?.Item;

  const onClick = (event: MouseEvent<HTMLElement>) => {
    const isOwn = (event.target as Element).closest("a,button,.carillon-menu") === null;
    // Who marks a text with the mouse does not click.
    if (!isOwn || getSelection()?.isCollapsed === false) return;
    const main = event.currentTarget.querySelector<HTMLElement>(".carillon-main");
    if (main === null) follow(ui, item, null, event);
    else main.click();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as articles of a feed are
    <article
      {...part("item")}
      data-key={item.n_id}
      data-unread={isUnread ? "" : undefined}
      data-pinned={item.is_pinned ? "" : undefined}
      data-nested={row.isNested ? "" : undefined}
      style={top === null ? undefined : { top: `${top}px` }}
      tabIndex={tabIndex}
      aria-posinset={position}
      aria-setsize={total}
      aria-labelledby={`${id}h`}
      aria-describedby={`${id}t`}
    >
      {row.heading !== null && (
        <h3 {...part("group")} dir="auto">
          {row.heading}
        </h3>
      )}
      {/* The keyboard opens an item by Enter on its article. */}
      <div {...part("card")} onClick={onClick}>
        {Custom === undefined ? (
          <Content item={item} id={id} now={now} tabIndex={tabIndex} actions={actions} />
        ) : (
          <div className="carillon-body" id={`${id}h`}>
            <Custom item={item} actions={actions} />
          </div>
        )}
        <div {...part("tools")}>
          <Tool
            icon={isUnread ? "check" : "dot"}
            label={words.say(isUnread ? "read" : "markUnread")}
            tabIndex={tabIndex}
            onClick={isUnread ? actions.read : actions.unread}
          />
          {!item.archived && (
            <Tool icon="archive" label={words.say("archive")} tabIndex={tabIndex} onClick={actions.archive} />
          )}
          <Tool
            icon="more"
            label={words.say("menu")}
            tabIndex={tabIndex}
            button={more}
            isOpen={menu !== null}
            onClick={() => setMenu(menu === null ? "all" : null)}
          />
        </div>
        {menu !== null && (
          <ItemMenu item={item} actions={actions} anchor={more} view={menu} setView={setMenu} />
        )}
      </div>
      {row.others > 0 && (
        <button
          className="carillon-stack"
          type="button"
          tabIndex={tabIndex}
          aria-expanded={row.isOpen}
          onClick={toggleStack}
        >
          {row.isOpen ? words.say("less") : words.say("others", { n: row.others })}
        </button>
      )}
    </article>
  );
}

interface ContentProps {
  item: InboxItem;
  /** `<id>h` names the item, `<id>t` describes it. */
  id: string;
  now: number;
  tabIndex: number;
  actions: ItemActions;
}

function Content({ item, id, now, tabIndex, actions }: ContentProps): ReactNode {
  const ui = useUi();
  const { words, slots } = ui;
  const part = usePart();
  const { header = "", text, url = "", open_in_new_tab, avatar, subtext } = item.message;
  const More = slots?.ItemActions;
  const click = (event: MouseEvent<HTMLElement>) => {
    follow(ui, item, null, event);
  };
  const time = (
    <time {...part("time")} dateTime={iso(item.created_on)} title={moment(words.locale, item.created_on)}>
      {ago(words.locale, item.created_on, now)}
    </time>
  );
  const toItem = (children: ReactNode) =>
    url === "" ? (
      children
    ) : (
      <Link
        href={url}
        isNewTab={open_in_new_tab}
        className="carillon-main"
        tabIndex={tabIndex}
        onClick={click}
      >
        {children}
      </Link>
    );
  const picture = avatar === undefined ? null : <Picture key={avatar.avatar_url} url={avatar.avatar_url} />;
  return (
    <>
      <div {...part("avatar")}>
        {avatar?.action_url === undefined || avatar.action_url === "" ? (
          (picture ?? <Icon name="bell" />)
        ) : (
          // The header leads somewhere as well; this one is for the mouse.
          <Link href={avatar.action_url} tabIndex={-1} onClick={click} isHidden>
            {picture}
          </Link>
        )}
      </div>
      <div className="carillon-body">
        <div className="carillon-line" id={`${id}h`}>
          {item.read_on === null && <span className="carillon-hidden">{words.say("unreadMark")}: </span>}
          {header !== "" && (
            <strong {...part("heading")} dir="auto">
              {toItem(header)}
            </strong>
          )}
          {header === "" ? toItem(time) : time}
        </div>
        <div {...part("text")} id={`${id}t`} dir="auto">
          <Text text={text} tabIndex={tabIndex} onClick={click} />
        </div>
        <Actions item={item} tabIndex={tabIndex}>
          {More !== undefined && <More item={item} actions={actions} />}
        </Actions>
        {subtext !== undefined && (
          <p {...part("subtext")} dir="auto">
            {subtext.action_url === undefined || subtext.action_url === "" ? (
              subtext.text
            ) : (
              <Link href={subtext.action_url} tabIndex={tabIndex} onClick={click}>
                {subtext.text}
              </Link>
            )}
          </p>
        )}
        <Marks item={item} now={now} />
      </div>
    </>
  );
}

function Actions({
  item,
  tabIndex,
  children,
}: {
  item: InboxItem;
  tabIndex: number;
  children: ReactNode;
}): ReactNode {
  const ui = useUi();
  const part = usePart();
  const actions = item.message.actions ?? [];
  if (actions.length === 0 && children === false) return null;
  return (
    <div {...part("actions")}>
      {actions.map((action, index) => (
        <Link
          // Two buttons may have one name.
          key={`${index}-${action.name}`}
          {...part("action")}
          href={action.url}
          isNewTab={action.open_in_new_tab}
          isPrimary={index === 0}
          tabIndex={tabIndex}
          onClick={(event) => follow(ui, item, action, event)}
        >
          {action.name}
        </Link>
      ))}
      {children}
    </div>
  );
}

/** What is special about an item, in a line below it. */
function Marks({ item, now }: { item: InboxItem; now: number }): ReactNode {
  const { words } = useUi();
  const { is_pinned, snoozed_until, expiry, is_expiry_visible } = item;
  const isExpiring = expiry !== null && is_expiry_visible && expiry > now;
  if (!is_pinned && snoozed_until === null && !isExpiring) return null;
  return (
    <p className="carillon-marks">
      {is_pinned && (
        <span>
          <Icon name="pin" />
          {words.say("pinned")}
        </span>
      )}
      {snoozed_until !== null && (
        <span>
          <Icon name="clock" />
          {words.say("snoozedUntil", { time: moment(words.locale, snoozed_until) })}
        </span>
      )}
      {isExpiring && (
        <span>
          <Icon name="clock" />
          {words.say("expires", { time: moment(words.locale, expiry) })}
        </span>
      )}
    </p>
  );
}

/** For machines; nothing for what no calendar has. */
function iso(at: number): string | undefined {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
