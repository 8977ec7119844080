import {
  keepPreviousData,
  type QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { type Access, type ApiError, callApi, type CallOf, type ReplyOf, type Route } from "./client.ts";
import type { Member } from "./session.ts";

/** The workspace that the address names, and whose calls a page makes. */
export const AccessContext = createContext<Visit>({
  token: null,
  workspace: "",
  member: null,
  rights: new Set(),
});

export interface Visit extends Access {
  /** Null: the holder of a service token. */
  member: Member | null;
  /** Null: every right. */
  rights: ReadonlySet<string> | null;
}

export function useAccess(): Visit {
  return useContext(AccessContext);
}

/** Whether the API would do it. What it would refuse is not offered. */
export function useRight(right: string): boolean {
  const { rights } = useContext(AccessContext);
  return rights === null || rights.has(right);
}

interface QueryOptions {
  enabled?: boolean;
  /** Milliseconds between readings while the page is seen; false: read once. */
  every?: number | false;
  /** Shows the last answer while the next is read. */
  keep?: boolean;
  retry?: boolean;
}

/** Reads from the API, and again when something says that the route's answers changed. */
export function useApiQuery<R extends Route>(
  route: R,
  call: CallOf<R>,
  { enabled = true, every = false, keep = false, retry = true }: QueryOptions = {},
): UseQueryResult<ReplyOf<R>, ApiError> {
  const access = useAccess();
  return useQuery<ReplyOf<R>, ApiError>({
    queryKey: keyOf(access, route, call),
    queryFn: ({ signal }) => callApi(route, access, { ...call, signal }),
    enabled,
    refetchInterval: every,
    ...(retry ? {} : { retry: false }),
    ...(keep ? { placeholderData: keepPreviousData } : {}),
  });
}

function keyOf(access: Access, route: Route, call: object): readonly unknown[] {
  return [access.workspace, route, call];
}

/** A call that changes something; afterwards the answers of the named routes are read again. */
export function useApiMutation<R extends Route>(route: R, changes: readonly Route[] = []) {
  const access = useAccess();
  const client = useQueryClient();
  return useMutation<ReplyOf<R>, ApiError, CallOf<R>>({
    mutationFn: (call) => callApi(route, access, call),
    onSettled: () => forget(client, access, changes),
  });
}

export async function forget(
  client: QueryClient,
  { workspace }: Access,
  routes: readonly Route[],
): Promise<void> {
  await Promise.all(routes.map((route) => client.invalidateQueries({ queryKey: [workspace, route] })));
}
