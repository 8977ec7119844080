import type { ReactNode } from "react";
import { ScrollText } from "lucide-react";
import { useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { AppLink, Tabs } from "../../ui/link.tsx";
import { Page } from "../../ui/page.tsx";
import { usePaths } from "../use-paths.ts";
import { Enable, type WorkflowView } from "./list.tsx";

export interface WorkflowReading {
  draft: WorkflowView | undefined;
  live: WorkflowView | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Both documents of a workflow. One that was never committed has no live one, which is no error. */
export function useWorkflow(slug: string): WorkflowReading {
  const draft = useApiQuery("GET /v1/:workspace/workflow/:slug/", {
    params: { slug },
    query: { mode: "draft" },
  });
  const live = useApiQuery(
    "GET /v1/:workspace/workflow/:slug/",
    { params: { slug }, query: { mode: "live" } },
    { retry: false },
  );
  return { draft: draft.data, live: live.data, error: draft.error, refetch: draft.refetch };
}

export function WorkflowFrame({
  slug,
  tab,
  reading: { draft, live },
  actions,
  children,
}: {
  slug: string;
  tab: "" | "edit" | "versions";
  reading: WorkflowReading;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const to = usePaths();
  const mayWrite = useRight("content.write");
  const tabs = (["", "edit", "versions"] as const).map((one) => ({
    to: to.workflow(slug, one),
    name: t.workflow.tab[one],
    isCurrent: one === tab,
  }));
  return (
    <Page
      title={draft?.name || slug}
      back={{ to: to.workflows, label: t.nav.workflows }}
      lead={<span className="mono small">{slug}</span>}
      actions={
        <>
          {live === undefined || !mayWrite ? null : <Enable workflow={live} />}
          <AppLink className="button" to={to.runs({ workflow: slug })}>
            <ScrollText aria-hidden />
            {t.log.runs}
          </AppLink>
          {actions}
        </>
      }
    >
      <Tabs label={t.nav.workflows} tabs={tabs} />
      {children}
    </Page>
  );
}
