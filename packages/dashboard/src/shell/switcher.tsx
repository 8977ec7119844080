import { useRouter, useRouterState } from "@tanstack/react-router";
import { ChevronsUpDown } from "lucide-react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { t } from "../messages/en.ts";
import { paths } from "../routes/paths.ts";
import type { WorkspaceRow } from "./workspaces.ts";

/** The workspace that every page is about, and the way into another: to the same section, where there is one. */
export function Switcher({ current, all }: { current: WorkspaceRow; all: WorkspaceRow[] }) {
  const router = useRouter();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const goTo = (slug: string) => {
    const section = path.slice(paths(current.slug).home.length).split("/").slice(0, SAME_IN_ALL).join("/");
    const base = paths(slug).home;
    router.history.push(/^(?:runs|x)(?:\/|$)/.test(section) ? base : base + sectionOf(section));
  };
  return (
    <MenuTrigger>
      <Button className="switcher">
        <span className="visually-hidden">{t.shell.workspace}</span>
        <span className="switcher-mark" aria-hidden>
          {(current.name[0] ?? "·").toUpperCase()}
        </span>
        <span className="switcher-name">
          <span className="one-line">{current.name}</span>
          <span className="small soft one-line">{t.shell.mode(current.mode)}</span>
        </span>
        <ChevronsUpDown aria-hidden />
      </Button>
      <Popover className="popover" placement="bottom start">
        <Menu
          className="menu"
          aria-label={t.shell.switch}
          selectionMode="single"
          selectedKeys={[current.slug]}
          onAction={(slug) => goTo(String(slug))}
        >
          {all.map((one) => (
            <MenuItem key={one.slug} id={one.slug} className="menu-item" textValue={one.name}>
              {one.name}
              <span className="menu-end">{t.shell.mode(one.mode)}</span>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** Sections are in every workspace; what is below them may not be. */
const SAME_IN_ALL = 2;
const WITH_PAGES = /^(?:logs|recipients|develop)\//;

function sectionOf(section: string): string {
  return WITH_PAGES.test(section) ? section : (section.split("/")[0] ?? "");
}
