import { Mail } from "lucide-react";
import { SENT_ON } from "../../api/channels.ts";
import { channelColumn, messageStatusColumn, timeColumn } from "../../log/columns.tsx";
import type { MessageRow } from "../../api/wire.ts";
import { SINCE } from "../../log/filters.ts";
import { type LogDefinition, LogPage } from "../../log/log-page.tsx";
import { t } from "../../messages/en.ts";
import { recipientOf } from "../../run/message-facts.ts";
import { MessageView } from "../../run/message-view.tsx";
import { Empty } from "../../ui/states.tsx";
import { LogTabs } from "./log-tabs.tsx";
import { TriggerSnippet } from "./trigger-snippet.tsx";

const LOG: LogDefinition<MessageRow> = {
  title: t.log.messages,
  route: "GET /v1/message/",
  fields: [
    {
      name: "status",
      choices: [
        "triggered",
        "trigger_blocked",
        "trigger_failed",
        "sent_by_vendor",
        "delivered",
        "delivery_failed",
        "seen",
        "clicked",
        "dismissed",
        "read",
        "unread",
        "archived",
      ],
    },
    {
      name: "channel",
      choices: SENT_ON,
    },
    { name: "recipient" },
    { name: "workflow" },
    { name: "category" },
    { name: "tenant" },
    { name: "key" },
    { name: "run" },
    { name: "message" },
    SINCE,
  ],
  queryOf: ({
    status = "",
    recipient = "",
    workflow = "",
    category = "",
    tenant = "",
    key = "",
    run = "",
    message = "",
    since = "",
    ...filters
  }) => ({
    ...filters,
    "status[]": status,
    ...recipientQuery(recipient),
    workflow_slug: workflow,
    "category[]": category,
    tenant_id: tenant,
    idempotency_key: key,
    execution_id: run,
    message_id: message,
    created_at_gte: since,
  }),
  idOf: ({ message_id }) => message_id,
  columns: [
    timeColumn,
    messageStatusColumn,
    channelColumn,
    {
      id: "recipient",
      name: t.log.column.recipient,
      width: "minmax(120px, 2fr)",
      cell: (row) => recipientOf(row),
    },
    {
      id: "workflow",
      name: t.log.column.workflow,
      width: "minmax(130px, 2fr)",
      cell: ({ workflow }) => workflow.name ?? workflow.slug,
    },
    {
      id: "vendor",
      name: t.log.column.vendor,
      width: "minmax(90px, 1fr)",
      cell: ({ vendor }) => vendor.name ?? <span className="soft">–</span>,
    },
    {
      id: "reason",
      name: t.log.column.reason,
      width: "minmax(120px, 2fr)",
      cell: ({ failure_reason }) => failure_reason ?? <span className="soft">–</span>,
    },
  ],
  minWidth: 980,
  detailTitle: (row) => recipientOf(row),
  detail: (row) => <MessageView row={row} />,
  empty: (
    <Empty icon={Mail} title={t.log.noMessages}>
      <p>{t.log.noMessagesHint}</p>
      <TriggerSnippet />
    </Empty>
  ),
};

/** `object_type/id` is an object; the messages to it and to its subscribers have it. */
function recipientQuery(recipient: string): Record<string, string> {
  const slash = recipient.indexOf("/");
  return slash < 1
    ? { "recipient_id[]": recipient }
    : { object_type: recipient.slice(0, slash), object_id: recipient.slice(slash + 1) };
}

export default function MessagesLog() {
  return <LogPage log={LOG} tabs={<LogTabs current="messages" />} />;
}
