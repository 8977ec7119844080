import { Outlet, useParams, useRouter, useRouterState } from "@tanstack/react-router";
import { Ghost, Menu as MenuIcon } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { Button, Dialog, Modal, ModalOverlay } from "react-aria-components";
import { AccessContext } from "../api/hooks.ts";
import { type Member, readToken, rightsIn } from "../api/session.ts";
import { t } from "../messages/en.ts";
import { paths } from "../routes/paths.ts";
import { Empty } from "../ui/states.tsx";
import { AppLink } from "../ui/link.tsx";
import { KeysProvider, useKeys } from "./keys.tsx";
import { Rail } from "./rail.tsx";
import { SignedIn } from "./signed-in.tsx";
import { Switcher } from "./switcher.tsx";
import { noteLastWorkspace, tintOf, type WorkspaceRow } from "./workspaces.ts";

const Palette = lazy(() => import("./palette.tsx"));
const KeySheet = lazy(() => import("./key-sheet.tsx"));

/** Everything around a page. */
export function Shell() {
  const { workspace: slug = "" } = useParams({ strict: false });
  return (
    <SignedIn>
      {({ member, workspaces }) => {
        const current = workspaces.find((one) => one.slug === slug);
        if (current === undefined) return <NoWorkspace slug={slug} all={workspaces} />;
        return <InWorkspace key={slug} current={current} all={workspaces} member={member} />;
      }}
    </SignedIn>
  );
}

function NoWorkspace({ slug, all }: { slug: string; all: WorkspaceRow[] }) {
  return (
    <main className="page">
      <Empty icon={Ghost} title={t.shell.noWorkspace(slug)} isPage>
        <ul className="actions">
          {all.map((one) => (
            <li key={one.slug}>
              <AppLink className="button" to={paths(one.slug).home}>
                {one.name}
              </AppLink>
            </li>
          ))}
        </ul>
      </Empty>
    </main>
  );
}

function InWorkspace({
  current,
  all,
  member,
}: {
  current: WorkspaceRow;
  all: WorkspaceRow[];
  member: Member | null;
}) {
  const access = useMemo(
    () => ({
      token: readToken(),
      workspace: current.slug,
      member,
      rights: rightsIn(member, current.slug),
    }),
    [current.slug, member],
  );
  useTint(current);
  useEffect(() => noteLastWorkspace(current.slug), [current.slug]);
  return (
    <AccessContext value={access}>
      <KeysProvider>
        <Frame current={current} all={all} />
      </KeysProvider>
    </AccessContext>
  );
}

function Frame({ current, all }: { current: WorkspaceRow; all: WorkspaceRow[] }) {
  const router = useRouter();
  const to = paths(current.slug);
  const at = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.href });
  const [open, setOpen] = useState<"palette" | "keys" | "drawer" | null>(null);
  const go = (path: string) => router.history.push(path);
  const isNarrow = useMatch("(max-width: 767px)");
  useKeys([
    { keys: "mod+k", group: "app", label: t.keys.palette, run: () => setOpen("palette") },
    { keys: "?", group: "app", label: t.keys.sheet, run: () => setOpen("keys") },
    { keys: "g h", group: "go", label: t.nav.home, run: () => go(to.home) },
    { keys: "g w", group: "go", label: t.nav.workflows, run: () => go(to.workflows) },
    { keys: "g t", group: "go", label: t.nav.templates, run: () => go(to.templates) },
    { keys: "g c", group: "go", label: t.nav.preferences, run: () => go(to.preferences) },
    { keys: "g r", group: "go", label: t.nav.recipients, run: () => go(to.users) },
    { keys: "g n", group: "go", label: t.nav.tenants, run: () => go(to.tenants) },
    { keys: "g b", group: "go", label: t.nav.broadcasts, run: () => go(to.broadcasts) },
    { keys: "g l", group: "go", label: t.nav.logs, run: () => go(to.runs()) },
    { keys: "g v", group: "go", label: t.nav.vendors, run: () => go(to.vendors) },
    { keys: "g d", group: "go", label: t.nav.develop, run: () => go(to.develop("simulator")) },
  ]);
  useEffect(() => router.subscribe("onResolved", () => setOpen(null)), [router]);
  const rail = (
    <Rail current={current} all={all} onFind={() => setOpen("palette")} onKeys={() => setOpen("keys")} />
  );
  return (
    <div className="shell">
      <div className="workspace-line" aria-hidden />
      <a className="button skip" href="#main">
        {t.shell.skip}
      </a>
      {isNarrow ? (
        <div className="topbar">
          <Button className="button icon" aria-label={t.shell.menu} onPress={() => setOpen("drawer")}>
            <MenuIcon aria-hidden />
          </Button>
          <Switcher current={current} all={all} />
        </div>
      ) : (
        rail
      )}
      {/* Says when the page of an address is there, to tools and tests. */}
      <main className="main" id="main" tabIndex={-1} data-at={at}>
        <Outlet />
      </main>
      <Suspense>
        {open === "palette" ? <Palette onClose={() => setOpen(null)} /> : null}
        {open === "keys" ? <KeySheet onClose={() => setOpen(null)} /> : null}
      </Suspense>
      <ModalOverlay
        className="overlay drawer"
        isOpen={open === "drawer" && isNarrow}
        isDismissable
        onOpenChange={(isOpen) => !isOpen && setOpen(null)}
      >
        <Modal className="modal">
          <Dialog aria-label={t.shell.menu}>{rail}</Dialog>
        </Modal>
      </ModalOverlay>
    </div>
  );
}

/** The line, the rail's mark and the tab's icon have the workspace's colour. */
function useTint(workspace: WorkspaceRow): void {
  useEffect(() => {
    document.documentElement.dataset.tint = tintOf(workspace);
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--workspace-solid").trim();
    const letter = (workspace.name[0] ?? "·").toUpperCase().replaceAll(/[<>&"']/g, "·");
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${colour}"/><text x="16" y="23" text-anchor="middle" font-family="system-ui,sans-serif" font-size="19" font-weight="700" fill="#fff">${letter}</text></svg>`;
    const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (icon !== null) icon.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  }, [workspace]);
}

export function useMatch(query: string): boolean {
  const [isMatch, setMatch] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const onChange = () => setMatch(media.matches);
    onChange();
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, [query]);
  return isMatch;
}
