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

/** The workspace that the address names, and whose calls a page makes. */
export const AccessContext = createContext<Access>({ token: null, workspace: "" });

export function useAccess(): Access {
  return useContext(AccessContext);
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
