import { CircleX, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { ApiError } from "../api/client.ts";
import { t } from "../messages/en.ts";

export function Loading() {
  return (
    <div className="loading" role="status">
      <span />
      <span />
      <span />
      <i className="visually-hidden">{t.common.loading}</i>
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const isApi = error instanceof ApiError;
  return (
    <div className="notice" data-outcome="failed" role="alert">
      <CircleX aria-hidden />
      <div className="stack tight">
        <span>{error instanceof Error ? error.message : String(error)}</span>
        {isApi && error.requestId !== null ? (
          <span className="small soft">
            {t.common.requestId} <code>{error.requestId}</code>
          </span>
        ) : null}
        {retry === undefined ? null : (
          <span>
            <Button className="button" onPress={retry}>
              {t.common.retry}
            </Button>
          </span>
        )}
      </div>
    </div>
  );
}

/** Nothing there: what would be, one thing to do, and what shows that it worked. */
export function Empty({
  icon: Icon,
  title,
  isPage = false,
  children,
}: {
  icon: LucideIcon;
  title: string;
  /** It is all that the page has. */
  isPage?: boolean;
  children?: ReactNode;
}) {
  return (
    <div className="empty">
      <Icon aria-hidden />
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

interface Reading<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** The answer, or what is shown instead of it. An answer that was read once stays while a later reading fails. */
export function Ready<T>({ of, children }: { of: Reading<T>; children: (data: T) => ReactNode }) {
  if (of.data !== undefined) return children(of.data);
  if (of.error !== null && of.error !== undefined)
    return <Failure error={of.error} retry={() => void of.refetch()} />;
  return <Loading />;
}
