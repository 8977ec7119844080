import { lazy, Suspense, useEffect } from "react";
import { hasSignedOut, type Member, signIn, useSession, useToken } from "../api/session.ts";
import { Failure, Loading } from "../ui/states.tsx";
import { useEntry } from "./use-entry.ts";
import { useWorkspaces, type WorkspaceRow } from "./workspaces.ts";

// Those who are signed in do not need it.
const SignInPage = lazy(() => import("./sign-in.tsx"));

function SignIn(props: { refused: string | null; isLocal: boolean }) {
  return (
    <Suspense fallback={<Loading />}>
      <SignInPage {...props} />
    </Suspense>
  );
}

/** Who looks: a member, or null for the holder of a service token, who may do everything. */
export interface Visitor {
  member: Member | null;
  workspaces: WorkspaceRow[];
}

/** Its children for those who are signed in; for everyone else the way in, at the address that was asked for. */
export function SignedIn({ children }: { children: (visitor: Visitor) => React.ReactNode }) {
  const session = useSession();
  const token = useToken();
  if (session.data === undefined) {
    return session.error === null ? <Loading /> : <Broken error={session.error} retry={session.refetch} />;
  }
  const { member, signs_in_locally } = session.data;
  if (token === null && member === null) {
    return signs_in_locally && !hasSignedOut() ? (
      <EnterLocally />
    ) : (
      <SignIn refused={null} isLocal={signs_in_locally} />
    );
  }
  return (
    <WithWorkspaces member={token === null ? member : null} isLocal={signs_in_locally}>
      {children}
    </WithWorkspaces>
  );
}

function WithWorkspaces({
  member,
  isLocal,
  children,
}: {
  member: Member | null;
  isLocal: boolean;
  children: (visitor: Visitor) => React.ReactNode;
}) {
  const workspaces = useWorkspaces();
  if (workspaces.data !== undefined) return children({ member, workspaces: workspaces.data });
  if (workspaces.error === null) return <Loading />;
  if (workspaces.error.status === 401) return <SignIn refused={workspaces.error.message} isLocal={isLocal} />;
  return <Broken error={workspaces.error} retry={workspaces.refetch} />;
}

/** The first visit on the server's own machine, before there is any password. */
function EnterLocally() {
  const entry = useEntry(() => signIn("POST /v1/auth/local/", undefined));
  const { mutate } = entry;
  useEffect(() => mutate(), [mutate]);
  return entry.error === null ? <Loading /> : <SignIn refused={null} isLocal />;
}

function Broken({ error, retry }: { error: unknown; retry: () => unknown }) {
  return (
    <main className="page">
      <Failure error={error} retry={() => void retry()} />
    </main>
  );
}
