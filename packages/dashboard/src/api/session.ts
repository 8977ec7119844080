import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { type ApiError, callApi, type ReplyOf } from "./client.ts";

/**
 * Who is signed in: a member, by a cookie that scripts never see; or the holder of a service token, which stays in this tab's
 * session storage, so that closing the tab signs out.
 */
export type Session = ReplyOf<"GET /v1/auth/session/">;
export type Member = NonNullable<Session["member"]>;

const TOKEN = "carillon.token";
const SIGNED_OUT = "carillon.signed-out";

export function readToken(): string | null {
  return sessionStorage.getItem(TOKEN);
}

export function writeToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
  for (const listener of listeners) listener();
}

const listeners = new Set<() => void>();

/** The token as it changes. */
export function useToken(): string | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, readToken);
}

/** Pages whose links have a token of their own. */
const LINKS = new Set(["/set-up", "/invitation"]);

/** Takes the `#token=…` of a link that signs in out of the address, where it would be copied along. */
export function takeTokenFromAddress(): void {
  if (LINKS.has(location.pathname)) return;
  const token = readHashToken();
  if (token === null) return;
  writeToken(token);
  history.replaceState(null, "", location.pathname + location.search);
}

/** Of a link to set up the server, or of an invitation, whose pages take it themselves. */
export function readHashToken(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get("token") || null;
}

/** On the server's own machine signing in takes nothing: but not right after signing out. */
export function hasSignedOut(): boolean {
  return sessionStorage.getItem(SIGNED_OUT) === "yes";
}

export function noteSignedOut(isOut: boolean): void {
  if (isOut) sessionStorage.setItem(SIGNED_OUT, "yes");
  else sessionStorage.removeItem(SIGNED_OUT);
}

const NOBODY = { token: null, workspace: "" };

export function useSession(): UseQueryResult<Session, ApiError> {
  return useQuery<Session, ApiError>({
    queryKey: ["session"],
    queryFn: ({ signal }) => callApi("GET /v1/auth/session/", NOBODY, { signal }),
    staleTime: 60_000,
  });
}

/** One of the ways in. Afterwards the browser has the session's cookie. */
export async function signIn<R extends SignInRoute>(
  route: R,
  body: Parameters<typeof callApi<R>>[2]["body"],
): Promise<void> {
  await callApi(route, NOBODY, { body } as unknown as Parameters<typeof callApi<R>>[2]);
  writeToken(null);
  noteSignedOut(false);
}

type SignInRoute =
  | "POST /v1/auth/local/"
  | "POST /v1/auth/password/"
  | "POST /v1/auth/code/verify/"
  | "POST /v1/auth/setup/"
  | "POST /v1/auth/invitation/";

export async function signOut(): Promise<void> {
  if (readToken() === null) await callApi("DELETE /v1/auth/session/", NOBODY, {});
  writeToken(null);
  noteSignedOut(true);
}

/** What may be done in a workspace; null: everything. A role in all workspaces counts where there is none of its own. */
export function rightsIn(member: Member | null, workspace: string): ReadonlySet<string> | null {
  if (member === null) return null;
  const own =
    member.roles.find((role) => role.workspace === workspace) ??
    member.roles.find((role) => role.workspace === null);
  return new Set(own?.rights ?? []);
}
