import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { type ApiError, callApi } from "../api/client.ts";
import { useAccess } from "../api/hooks.ts";

export type LogRoute =
  | "GET /v1/:workspace/log/request/"
  | "GET /v1/:workspace/log/execution/"
  | "GET /v1/message/"
  | "GET /v1/:workspace/simulator/";

export interface LogReading<Row> {
  rows: readonly Row[];
  /** All that match, counted up to a limit. */
  count: number | null;
  isLoading: boolean;
  error: ApiError | null;
  hasMore: boolean;
  more: () => void;
  /** Came while older rows were read; `showFresh` puts them on top. */
  fresh: number;
  showFresh: () => void;
  retry: () => void;
}

interface LogPage<Row> {
  meta: { has_next: boolean; after: string | null; count: number };
  results: Row[];
}

const PAGE = 100;
const TAIL_MS = 3000;

/**
 * A log by pages, oldest last, and its newest page again every few seconds. What is new waits while the reader is further
 * down; rows that are known change in place.
 */
export function useLog<Row>(
  route: LogRoute,
  query: Record<string, string>,
  idOf: (row: Row) => string,
  { isLive, isTop }: { isLive: boolean; isTop: boolean },
): LogReading<Row> {
  const access = useAccess();
  const read = (after: string | null, signal: AbortSignal) =>
    callApi(route, access, {
      query: { ...query, limit: String(PAGE), ...(after === null ? {} : { after }) },
      signal,
    }) as Promise<LogPage<Row>>;
  const key = [access.workspace, route, query];
  const pages = useInfiniteQuery<LogPage<Row>, ApiError>({
    queryKey: [...key, "pages"],
    queryFn: ({ pageParam, signal }) => read(pageParam as string | null, signal),
    initialPageParam: null,
    getNextPageParam: ({ meta }) => (meta.has_next ? meta.after : null),
    refetchOnWindowFocus: false,
    staleTime: Infinity,
  });
  const head = useQuery<LogPage<Row>, ApiError>({
    queryKey: [...key, "head"],
    queryFn: ({ signal }) => read(null, signal),
    enabled: isLive && pages.isSuccess,
    refetchInterval: TAIL_MS,
  });
  const [shownHead, setShownHead] = useState<LogPage<Row> | null>(null);

  const older = useMemo(() => pages.data?.pages.flatMap(({ results }) => results) ?? [], [pages.data]);
  const newest = head.data?.results ?? [];
  const known = useMemo(() => new Set(older.map(idOf)), [older, idOf]);
  const shownIds = useMemo(() => new Set(shownHead?.results.map(idOf)), [shownHead, idOf]);
  const unseen = newest.filter((row) => !known.has(idOf(row)) && !shownIds.has(idOf(row)));
  const held = isTop ? [] : unseen;
  // A page that has nothing in common with what is known leaves a gap between them.
  const isTorn = newest.length === PAGE && known.size > 0 && unseen.length === PAGE;

  const rows = useMemo(() => {
    const hidden = new Set(held.map(idOf));
    const merged = new Map<string, Row>();
    for (const row of [...older, ...(shownHead?.results ?? []), ...newest]) {
      if (!hidden.has(idOf(row))) merged.set(idOf(row), row);
    }
    // Ids are ordered by time.
    return [...merged].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, row]) => row);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `held` and `newest` follow from the head's data and `isTop`.
  }, [older, head.data, shownHead, isTop, idOf]);

  const { fetchNextPage, hasNextPage, isFetching } = pages;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetching]);
  const showFresh = () => {
    if (isTorn) void pages.refetch();
    setShownHead(head.data ?? null);
  };
  return {
    rows,
    count: head.data?.meta.count ?? pages.data?.pages[0]?.meta.count ?? null,
    isLoading: pages.isPending,
    error: pages.data === undefined ? pages.error : null,
    hasMore: pages.hasNextPage,
    more,
    fresh: held.length,
    showFresh,
    retry: () => void pages.refetch(),
  };
}
