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
import { SignedIn } from "./shell/signed-in.tsx";
import { ToastRegion } from "./shell/toasts.tsx";
import { readLastWorkspace } from "./shell/workspaces.ts";
import { AppLink } from "./ui/link.tsx";
import { Empty, Loading } from "./ui/states.tsx";

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

const setUp = createRoute({
  getParentRoute: () => root,
  path: "/set-up",
  component: lazyRouteComponent(() => import("./shell/enter.tsx"), "SetUp"),
});
const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation",
  component: lazyRouteComponent(() => import("./shell/enter.tsx"), "Invitation"),
});

const shell = createRoute({
  getParentRoute: () => root,
  path: "/w/$workspace",
  component: Shell,
  notFoundComponent: NotFoundHere,
});

type Loader = Parameters<typeof lazyRouteComponent>[0];

const PAGES: readonly (readonly [path: string, load: Loader])[] = [
  ["/", () => import("./routes/home.tsx")],
  ["/workflows", () => import("./routes/workflows/list.tsx")],
  ["/workflows/$slug", () => import("./routes/workflows/overview.tsx")],
  ["/workflows/$slug/edit", () => import("./routes/workflows/edit.tsx")],
  ["/workflows/$slug/versions", () => import("./routes/workflows/versions.tsx")],
  ["/recipients/users", () => import("./routes/recipients/users.tsx")],
  ["/recipients/users/$id", () => import("./routes/recipients/user.tsx")],
  ["/recipients/objects", () => import("./routes/recipients/objects.tsx")],
  ["/recipients/objects/$type/$id", () => import("./routes/recipients/object.tsx")],
  ["/recipients/lists", () => import("./routes/recipients/lists.tsx")],
  ["/recipients/lists/$id", () => import("./routes/recipients/list.tsx")],
  ["/logs/requests", () => import("./routes/logs/requests.tsx")],
  ["/logs/runs", () => import("./routes/logs/runs.tsx")],
  ["/logs/messages", () => import("./routes/logs/messages.tsx")],
  ["/runs/$id", () => import("./routes/run.tsx")],
  ["/templates", () => import("./routes/templates/list.tsx")],
  ["/templates/$slug", () => import("./routes/templates/template.tsx")],
  ["/tenants", () => import("./routes/tenants/list.tsx")],
  ["/tenants/$id", () => import("./routes/tenants/tenant.tsx")],
  ["/preferences", () => import("./routes/preferences.tsx")],
  ["/broadcasts", () => import("./routes/broadcasts/list.tsx")],
  ["/broadcasts/$id", () => import("./routes/broadcasts/broadcast.tsx")],
  ["/vendors", () => import("./routes/vendors/list.tsx")],
  ["/vendors/$id", () => import("./routes/vendors/vendor.tsx")],
  ["/vendors/new/$slug", () => import("./routes/vendors/new-vendor.tsx")],
  ["/develop/keys", () => import("./routes/develop/keys.tsx")],
  ["/develop/clock", () => import("./routes/develop/clock.tsx")],
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
  routeTree: root.addChildren([start, anyId, setUp, invitation, shell.addChildren(pages)]),
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
  return (
    <SignedIn>
      {({ workspaces }) => {
        const last = readLastWorkspace();
        const chosen = workspaces.find(({ slug }) => slug === last) ?? workspaces[0];
        if (chosen === undefined) return <NotFound />;
        const rest = location.pathname.startsWith("/x/") ? location.pathname.slice(1) : "";
        return <Redirect to={paths(chosen.slug).home + rest} />;
      }}
    </SignedIn>
  );
}

function Redirect({ to }: { to: string }) {
  useEffect(() => router.history.replace(to), [to]);
  return <Loading />;
}

function NotFound() {
  return (
    <main>
      <NotFoundHere />
    </main>
  );
}

/** Inside the shell, which has the page's main part. */
function NotFoundHere() {
  return (
    <div className="page">
      <Empty icon={Ghost} title={t.common.noPage} isPage>
        <p>{t.common.noPageHint}</p>
        <AppLink className="button" to="/">
          {t.nav.home}
        </AppLink>
      </Empty>
    </div>
  );
}
