import { MailCheck } from "lucide-react";
import { CHANNELS } from "../../api/channels.ts";
import { channelColumn, messageStatusColumn, timeColumn } from "../../log/columns.tsx";
import type { CaughtRow } from "../../api/wire.ts";
import { type LogDefinition, LogPage } from "../../log/log-page.tsx";
import { t } from "../../messages/en.ts";
import { addressOf, contentOf } from "../../run/message-facts.ts";
import { Rendered } from "../../run/rendered.tsx";
import { Channel } from "../../ui/channel.tsx";
import { AppLink } from "../../ui/link.tsx";
import { MessageStatus } from "../../ui/outcome.tsx";
import { Card, Facts } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { TriggerSnippet } from "../logs/trigger-snippet.tsx";
import { recipientPath } from "../paths.ts";
import { usePaths } from "../use-paths.ts";
import { DevelopTabs } from "./develop-tabs.tsx";

/** What would have been sent: the messages that the simulators and our own inbox caught, as they were rendered. */
const LOG: LogDefinition<CaughtRow> = {
  title: t.develop.page.simulator,
  route: "GET /v1/:workspace/simulator/",
  fields: [
    {
      name: "channel",
      choices: CHANNELS,
    },
    { name: "recipient" },
    { name: "run" },
  ],
  queryOf: ({ run = "", ...filters }) => ({ ...filters, execution_id: run }),
  idOf: ({ message_id }) => message_id,
  columns: [
    timeColumn,
    messageStatusColumn,
    channelColumn,
    {
      id: "words",
      name: t.develop.words,
      width: "minmax(160px, 3fr)",
      cell: (row) => firstWords(row) ?? <span className="soft">–</span>,
    },
    {
      id: "recipient",
      name: t.log.column.recipient,
      width: "minmax(120px, 2fr)",
      cell: (row) => row.recipient,
    },
    {
      id: "workflow",
      name: t.log.column.workflow,
      width: "minmax(120px, 1fr)",
      cell: (row) => row.workflow_slug,
    },
  ],
  minWidth: 860,
  detailTitle: (row) => firstWords(row) ?? row.recipient,
  detail: (row) => <Caught row={row} />,
  empty: (
    <Empty icon={MailCheck} title={t.develop.nothingCaught}>
      <p>{t.develop.nothingCaughtHint}</p>
      <TriggerSnippet />
    </Empty>
  ),
};

function firstWords({ content }: CaughtRow): string | null {
  const { subject, title, text } = contentOf(content);
  return subject ?? title ?? text;
}

function Caught({ row }: { row: CaughtRow }) {
  const to = usePaths();
  const { files = null, left_out = null } = row.attachments ?? {};
  return (
    <>
      {row.failure_reason === null ? null : (
        <div className="verdict" data-outcome="failed">
          <span>{row.failure_reason}</span>
        </div>
      )}
      <Card title={t.message.content}>
        <Rendered content={row.content} />
      </Card>
      <Card label={t.message.what}>
        <Facts
          of={[
            [t.log.column.status, <MessageStatus key="s" status={row.status} />],
            [t.log.column.channel, <Channel key="c" channel={row.channel} />],
            [
              t.log.column.recipient,
              <AppLink key="r" to={recipientPath(to, row.recipient)}>
                {row.recipient}
              </AppLink>,
            ],
            [t.message.address, addressOf(row.channel, row.to)],
            [t.develop.from, senderOf(row.content)],
            [
              t.develop.attachments,
              files
                ?.map(({ filename, content_type, size }) => `${filename} (${content_type}, ${size} B)`)
                .join(", "),
            ],
            [
              t.develop.leftOut,
              left_out?.map(({ filename, reason }) => `${filename} (${reason})`).join(", "),
            ],
            [t.log.column.workflow, row.workflow_slug],
            [
              t.message.run,
              <AppLink key="x" className="mono" to={to.run(row.execution_id)}>
                {row.execution_id}
              </AppLink>,
            ],
            [t.message.template, row.template_slug],
            [t.message.category, row.category],
            [t.log.column.tenant, row.tenant_id],
            [t.message.attempt, row.attempt === 0 ? null : row.attempt],
            [t.message.id, <code key="i">{row.message_id}</code>],
          ]}
        />
      </Card>
    </>
  );
}

function senderOf(content: CaughtRow["content"]): string | null {
  const { from_address, from_name } = content ?? {};
  if (typeof from_address !== "string" || from_address === "") return null;
  return typeof from_name === "string" && from_name !== "" ? `${from_name} <${from_address}>` : from_address;
}

export default function Simulator() {
  return <LogPage log={LOG} tabs={<DevelopTabs current="simulator" />} />;
}
