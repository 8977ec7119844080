import type { MouseEvent, ReactNode } from "react";
import { linkOf } from "../core/href.ts";
import type { Item, ItemLink } from "../core/types.ts";
import { type Cancelable, type Ui, useUi } from "./look.tsx";

/** Pictures come over HTTP, from the page's own origin, or within the address. Undefined: not from there. */
export function imageOf(url: string): string | undefined {
  return /^data:image\//i.test(url) ? url : (linkOf(url) ?? undefined);
}

/** Counts the click and asks the application. */
export function follow(ui: Ui, item: Item, action: ItemLink | null, event: Cancelable): void {
  ui.onAction?.(item, action, event);
  ui.inbox.interacted(item.n_id, action?.name);
}

interface Properties {
  href: string;
  isNewTab?: boolean | undefined;
  /** The first of several. */
  isPrimary?: boolean;
  /** From screen readers: another one leads there as well. */
  isHidden?: boolean;
  tabIndex?: number | undefined;
  className?: string | undefined;
  part?: string | undefined;
  onClick?: (event: MouseEvent<HTMLAnchorElement>) => void;
  children?: ReactNode;
}

/** What must not be followed is no link, but its text is there. */
export function Link({ href, isNewTab, isPrimary, isHidden, children, ...rest }: Properties): ReactNode {
  const { linkComponent: Component = "a", words } = useUi();
  const safe = linkOf(href);
  if (safe === null) return <span>{children}</span>;
  const attributes = {
    ...(isNewTab === true ? { target: "_blank", rel: "noopener noreferrer" } : {}),
    ...(isPrimary === true ? { "data-primary": "" } : {}),
    ...(isHidden === true ? { "aria-hidden": true } : {}),
  };
  return (
    <Component href={safe} {...rest} {...attributes}>
      {children}
      {isNewTab === true && <span className="carillon-hidden"> {words.say("newTab")}</span>}
    </Component>
  );
}
