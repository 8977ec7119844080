import { useRouterState } from "@tanstack/react-router";
import {
  Blocks,
  Building2,
  Code2,
  FileText,
  House,
  Keyboard,
  LogOut,
  type LucideIcon,
  Megaphone,
  ScrollText,
  Search,
  SlidersHorizontal,
  SunMoon,
  Users,
  Workflow,
} from "lucide-react";
import { Button, MenuTrigger, Popover } from "react-aria-components";
import { signOut } from "../api/session.ts";
import { t } from "../messages/en.ts";
import { type Paths, paths } from "../routes/paths.ts";
import { AppLink } from "../ui/link.tsx";
import { Appearance } from "./appearance.tsx";
import { notifyError } from "./toasts.tsx";
import { Switcher } from "./switcher.tsx";
import type { WorkspaceRow } from "./workspaces.ts";

interface Section {
  name: string;
  icon: LucideIcon;
  to: string;
  /** The addresses below it. */
  under: string;
}

function sections(to: Paths): readonly (readonly [string | null, readonly Section[]])[] {
  const root = to.home;
  const section = (name: string, icon: LucideIcon, path: string, under = path): Section => ({
    name,
    icon,
    to: path,
    under,
  });
  return [
    [null, [section(t.nav.home, House, to.home, "")]],
    [
      t.nav.build,
      [
        section(t.nav.workflows, Workflow, to.workflows),
        section(t.nav.templates, FileText, to.templates),
        section(t.nav.preferences, SlidersHorizontal, to.preferences),
      ],
    ],
    [
      t.nav.people,
      [
        section(t.nav.recipients, Users, to.users, `${root}recipients`),
        section(t.nav.tenants, Building2, to.tenants),
        section(t.nav.broadcasts, Megaphone, to.broadcasts),
      ],
    ],
    [
      t.nav.operate,
      [
        section(t.nav.logs, ScrollText, to.runs(), `${root}logs`),
        section(t.nav.vendors, Blocks, to.vendors),
        section(t.nav.develop, Code2, to.develop("simulator"), `${root}develop`),
      ],
    ],
  ];
}

export function Rail({
  current,
  all,
  onFind,
  onKeys,
}: {
  current: WorkspaceRow;
  all: WorkspaceRow[];
  onFind: () => void;
  onKeys: () => void;
}) {
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const to = paths(current.slug);
  const isAt = ({ under }: Section) =>
    under === ""
      ? path === to.home || path === to.home.slice(0, -1)
      : path.startsWith(under) || (under.endsWith("/logs") && path.includes("/runs/"));
  return (
    <nav className="rail" aria-label={t.shell.sections}>
      <Switcher current={current} all={all} />
      <Button className="find" onPress={onFind}>
        <Search aria-hidden />
        <span>{t.shell.find}</span>
        <kbd>{isApple() ? "⌘K" : "Ctrl K"}</kbd>
      </Button>
      {sections(to).map(([group, list]) => (
        <div key={group ?? "home"} className="rail-nav">
          {group === null ? null : <span className="rail-group">{group}</span>}
          {list.map((one) => (
            <AppLink
              key={one.name}
              className="rail-link"
              to={one.to}
              title={one.name}
              aria-current={isAt(one) ? "page" : undefined}
            >
              <one.icon aria-hidden />
              <span className="rail-text">{one.name}</span>
            </AppLink>
          ))}
        </div>
      ))}
      <div className="rail-end">
        <MenuTrigger>
          <Button className="rail-link">
            <SunMoon aria-hidden />
            <span className="rail-text">{t.shell.appearance}</span>
          </Button>
          <Popover className="popover" placement="right bottom">
            <Appearance />
          </Popover>
        </MenuTrigger>
        <Button className="rail-link" onPress={onKeys}>
          <Keyboard aria-hidden />
          <span className="rail-text">{t.keys.title}</span>
        </Button>
        <Button className="rail-link" onPress={() => void leave()}>
          <LogOut aria-hidden />
          <span className="rail-text">{t.shell.signOut}</span>
        </Button>
      </div>
    </nav>
  );
}

/** A new page, so that nothing of what was read stays in memory. */
async function leave(): Promise<void> {
  try {
    await signOut();
    location.assign("/");
  } catch (error) {
    notifyError(error);
  }
}

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
