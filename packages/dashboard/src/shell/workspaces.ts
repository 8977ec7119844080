import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { type ApiError, callApi, type ReplyOf } from "../api/client.ts";
import { readToken } from "../api/session.ts";

export type WorkspaceRow = ReplyOf<"GET /v1/workspace/">["results"][number];

const MOST = "1000";

/** All workspaces that the caller may see. It also says whether the caller is signed in. */
export function useWorkspaces(): UseQueryResult<WorkspaceRow[], ApiError> {
  return useQuery<WorkspaceRow[], ApiError>({
    queryKey: ["workspaces"],
    queryFn: async ({ signal }) => {
      const access = { token: readToken(), workspace: "" };
      return (await callApi("GET /v1/workspace/", access, { query: { limit: MOST }, signal })).results;
    },
    retry: false,
    staleTime: 60_000,
  });
}

const LAST = "carillon.workspace";

export function readLastWorkspace(): string | null {
  return localStorage.getItem(LAST);
}

export function noteLastWorkspace(slug: string): void {
  localStorage.setItem(LAST, slug);
}

const TINTS = ["teal", "violet", "amber", "green"] as const;

/** The colour of a workspace: production is red wherever it is seen, the others differ by name. */
export function tintOf({ slug, mode }: Pick<WorkspaceRow, "slug" | "mode">): string {
  if (mode === "production" || slug === "production") return "rose";
  const sum = Array.from(slug).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7);
  return TINTS[sum % TINTS.length] ?? "teal";
}
