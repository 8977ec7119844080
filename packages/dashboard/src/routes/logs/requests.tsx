import { Inbox } from "lucide-react";
import { runStatusColumn, timeColumn } from "../../log/columns.tsx";
import type { RequestRow } from "../../api/wire.ts";
import { SINCE } from "../../log/filters.ts";
import { type LogDefinition, LogPage } from "../../log/log-page.tsx";
import { t } from "../../messages/en.ts";
import { RequestView } from "../../run/request-view.tsx";
import { Empty } from "../../ui/states.tsx";
import { LogTabs } from "./log-tabs.tsx";
import { TriggerSnippet } from "./trigger-snippet.tsx";

const LOG: LogDefinition<RequestRow> = {
  title: t.log.requests,
  route: "GET /v1/:workspace/log/request/",
  fields: [
    {
      name: "status",
      choices: ["in_progress", "completed", "partial_failure", "failure", "skipped", "cancelled"],
    },
    { name: "severity", choices: ["info", "warning", "error", "critical"] },
    { name: "api", choices: ["workflow", "dynamic", "event", "broadcast", "user_edit"] },
    { name: "name" },
    { name: "workflow" },
    { name: "recipient" },
    { name: "tenant" },
    { name: "key" },
    { name: "request" },
    SINCE,
  ],
  queryOf: ({ tenant = "", key = "", request = "", api = "", ...filters }) => ({
    ...filters,
    api_name: api,
    tenant_id: tenant,
    idempotency_key: key,
    request_id: request,
  }),
  idOf: ({ request_id }) => request_id,
  columns: [
    timeColumn,
    runStatusColumn,
    {
      id: "api",
      name: t.log.column.api,
      width: "120px",
      cell: ({ api_name }) => t.log.choice(api_name),
    },
    { id: "name", name: t.log.column.name, width: "minmax(140px, 2fr)", cell: ({ name }) => name },
    {
      id: "recipients",
      name: t.log.column.recipients,
      width: "minmax(120px, 2fr)",
      cell: ({ distinct_id_list }) => distinct_id_list.join(", ") || <span className="soft">–</span>,
    },
    {
      id: "runs",
      name: t.log.column.runs,
      width: "60px",
      cell: ({ executions }) => executions.length,
    },
    {
      id: "problem",
      name: t.log.column.problem,
      width: "minmax(120px, 2fr)",
      cell: ({ errors }) => errors[0]?.error_description ?? <span className="soft">–</span>,
    },
  ],
  minWidth: 980,
  detailTitle: ({ name }) => name,
  detail: (row) => <RequestView row={row} />,
  empty: (
    <Empty icon={Inbox} title={t.log.noRequests}>
      <p>{t.log.noRequestsHint}</p>
      <TriggerSnippet />
    </Empty>
  ),
};

export default function RequestsLog() {
  return <LogPage log={LOG} tabs={<LogTabs current="requests" />} />;
}
