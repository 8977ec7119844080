import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from "@tanstack/react-router";
import { Ghost } from "lucide-react";
import { useEffect } from "react";
import { t } from "./messages/en.ts";
import { paths } from "./routes/paths.ts";
import { ErrorBoundary } from "./shell/error-boundary.tsx";
import { Shell } from "./shell/shell.tsx";
import { SignIn } from "./shell/sign-in.tsx";
import { ToastRegion } from "./shell/toasts.tsx";
import { useWorkspaces } from "./shell/workspaces.ts";
import { AppLink } from "./ui/link.tsx";
import { Empty, Failure, Loading } from "./ui/states.tsx";

/** The pages by address. Each is a chunk of its own, loaded when it is first opened. */
const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <ToastRegion />
    </>
  ),
  notFoundComponent: NotFound,
});

const start = createRoute({ getParentRoute: () => root, path: "/", component: ToFirstWorkspace });
const anyId = createRoute({ getParentRoute: () => root, path: "/x/$id", component: ToFirstWorkspace });

const shell = createRoute({
  getParentRoute: () => root,
  path: "/w/$workspace",
  component: Shell,
  notFoundComponent: NotFound,
});

type Loader = Parameters<typeof lazyRouteComponent>[0];

const PAGES: readonly (readonly [path: string, load: Loader])[] = [
  ["/", () => import("./routes/home.tsx")],
  ["/logs/requests", () => import("./routes/logs/requests.tsx")],
  ["/logs/runs", () => import("./routes/logs/runs.tsx")],
  ["/logs/messages", () => import("./routes/logs/messages.tsx")],
  ["/runs/$id", () => import("./routes/run.tsx")],
  ["/develop/simulator", () => import("./routes/develop/simulator.tsx")],
  ["/x/$id", () => import("./routes/find.tsx")],
];

const pages = PAGES.map(([path, load]) => {
  const Page = lazyRouteComponent(load);
  return createRoute({
    getParentRoute: () => shell,
    path,
    component: () => (
      <ErrorBoundary key={path}>
        <Page />
      </ErrorBoundary>
    ),
  });
});

export const router = createRouter({
  routeTree: root.addChildren([start, anyId, shell.addChildren(pages)]),
  // What is in a query stays the text that it is: pages read it themselves.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text === "" ? "" : `?${text}`;
  },
  defaultPendingComponent: Loading,
  defaultPendingMs: 200,
  scrollRestoration: true,
  trailingSlash: "preserve",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** `/` and `/x/…` name no workspace: the one that was open last, or the first. */
function ToFirstWorkspace() {
  const workspaces = useWorkspaces();
  if (workspaces.isPending) return <Loading />;
  if (workspaces.data === undefined) {
    return workspaces.error.status === 401 ? (
      <SignIn refused={null} />
    ) : (
      <main className="page">
        <Failure error={workspaces.error} retry={() => void workspaces.refetch()} />
      </main>
    );
  }
  const last = localStorage.getItem("carillon.workspace");
  const chosen = workspaces.data.find(({ slug }) => slug === last) ?? workspaces.data[0];
  if (chosen === undefined) return <NotFound />;
  const rest = location.pathname.startsWith("/x/") ? location.pathname.slice(1) : "";
  return <Redirect to={paths(chosen.slug).home + rest} />;
}

function Redirect({ to }: { to: string }) {
  useEffect(() => router.history.replace(to), [to]);
  return <Loading />;
}

function NotFound() {
  return (
    <main className="page">
      <Empty icon={Ghost} title={t.common.noPage}>
        <p>{t.common.noPageHint}</p>
        <AppLink className="button" to="/">
          {t.nav.home}
        </AppLink>
      </Empty>
    </main>
  );
}
