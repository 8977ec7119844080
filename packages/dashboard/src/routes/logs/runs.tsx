import { Workflow } from "lucide-react";
import { SENT_ON } from "../../api/channels.ts";
import { runStatusColumn, timeColumn } from "../../log/columns.tsx";
import type { RunRow } from "../../api/wire.ts";
import { SINCE } from "../../log/filters.ts";
import { type LogDefinition, LogPage } from "../../log/log-page.tsx";
import { t } from "../../messages/en.ts";
import { RunView } from "../../run/run-view.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Empty } from "../../ui/states.tsx";
import { lengthBetween, Time } from "../../ui/time.tsx";
import { usePaths } from "../use-paths.ts";
import { TriggerSnippet } from "./trigger-snippet.tsx";
import { LogTabs } from "./log-tabs.tsx";

const LOG: LogDefinition<RunRow> = {
  title: t.log.runs,
  route: "GET /v1/:workspace/log/execution/",
  fields: [
    { name: "status", choices: ["in_progress", "completed", "partial_failure", "failed", "cancelled"] },
    { name: "severity", choices: ["info", "warning", "error"] },
    { name: "channel", choices: SENT_ON },
    { name: "workflow" },
    { name: "recipient" },
    { name: "tenant" },
    { name: "category" },
    { name: "template" },
    { name: "key" },
    { name: "request" },
    { name: "broadcast" },
    SINCE,
  ],
  queryOf: ({ tenant = "", key = "", request = "", ...filters }) => ({
    ...filters,
    tenant_id: tenant,
    idempotency_key: key,
    request_id: request,
  }),
  idOf: ({ execution_id }) => execution_id,
  columns: [
    timeColumn,
    runStatusColumn,
    {
      id: "workflow",
      name: t.log.column.workflow,
      width: "minmax(140px, 2fr)",
      cell: (row) => row.workflow_slug,
    },
    {
      id: "recipient",
      name: t.log.column.recipient,
      width: "minmax(120px, 2fr)",
      cell: (row) => row.recipient,
    },
    { id: "tenant", name: t.log.column.tenant, width: "minmax(80px, 1fr)", cell: (row) => row.tenant_id },
    {
      id: "took",
      name: t.log.column.took,
      width: "130px",
      cell: ({ created_at, ended_at, waiting_until }) =>
        ended_at !== null ? (
          lengthBetween(created_at, ended_at)
        ) : waiting_until === null ? (
          <span className="soft">{t.run.running}</span>
        ) : (
          <span className="soft">
            {t.run.until} <Time at={waiting_until} />
          </span>
        ),
    },
  ],
  detailTitle: (row) => <RunTitle row={row} />,
  detail: ({ execution_id }) => <RunView id={execution_id} isNarrow />,
  empty: (
    <Empty icon={Workflow} title={t.log.noRuns}>
      <p>{t.log.noRunsHint}</p>
      <TriggerSnippet />
    </Empty>
  ),
};

function RunTitle({ row }: { row: RunRow }) {
  const to = usePaths();
  return (
    <AppLink to={to.run(row.execution_id)}>
      {row.workflow_slug} · {row.recipient}
    </AppLink>
  );
}

export default function RunsLog() {
  return <LogPage log={LOG} tabs={<LogTabs current="runs" />} />;
}
