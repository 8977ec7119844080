import { Outlet, useParams, useRouter } from "@tanstack/react-router";
import { Menu as MenuIcon } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Button, Dialog, Modal, ModalOverlay } from "react-aria-components";
import { AccessContext } from "../api/hooks.ts";
import { readToken } from "../api/session.ts";
import { t } from "../messages/en.ts";
import { paths } from "../routes/paths.ts";
import { Empty, Loading } from "../ui/states.tsx";
import { Ghost } from "lucide-react";
import { AppLink } from "../ui/link.tsx";
import { Failure } from "../ui/states.tsx";
import { KeySheet } from "./key-sheet.tsx";
import { KeysProvider, useKeys } from "./keys.tsx";
import { Palette } from "./palette.tsx";
import { Rail } from "./rail.tsx";
import { SignIn } from "./sign-in.tsx";
import { Switcher } from "./switcher.tsx";
import { tintOf, useWorkspaces, type WorkspaceRow } from "./workspaces.ts";

/** Everything around a page. Who is not signed in sees the way in, at the address that was asked for. */
export function Shell() {
  const { workspace: slug = "" } = useParams({ strict: false });
  const workspaces = useWorkspaces();
  if (workspaces.isPending) return <Loading />;
  if (workspaces.data === undefined) {
    if (workspaces.error.status === 401 || workspaces.error.status === 403)
      return <SignIn refused={readToken() === null ? null : workspaces.error.message} />;
    return (
      <main className="page">
        <Failure error={workspaces.error} retry={() => void workspaces.refetch()} />
      </main>
    );
  }
  const current = workspaces.data.find((one) => one.slug === slug);
  if (current === undefined) return <NoWorkspace slug={slug} all={workspaces.data} />;
  return <InWorkspace key={slug} current={current} all={workspaces.data} />;
}

function NoWorkspace({ slug, all }: { slug: string; all: WorkspaceRow[] }) {
  return (
    <main className="page">
      <Empty icon={Ghost} title={t.shell.noWorkspace(slug)}>
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

function InWorkspace({ current, all }: { current: WorkspaceRow; all: WorkspaceRow[] }) {
  const access = useMemo(() => ({ token: readToken(), workspace: current.slug }), [current.slug]);
  useTint(current);
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
  const [open, setOpen] = useState<"palette" | "keys" | "drawer" | null>(null);
  const go = (path: string) => router.history.push(path);
  const isNarrow = useMatch("(max-width: 767px)");
  useKeys([
    { keys: "mod+k", group: "app", label: t.keys.palette, run: () => setOpen("palette") },
    { keys: "?", group: "app", label: t.keys.sheet, run: () => setOpen("keys") },
    { keys: "g h", group: "go", label: t.nav.home, run: () => go(to.home) },
    { keys: "g l", group: "go", label: t.nav.logs, run: () => go(to.runs()) },
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
      <main className="main" id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Palette isOpen={open === "palette"} onClose={() => setOpen(null)} />
      <KeySheet isOpen={open === "keys"} onClose={() => setOpen(null)} />
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
