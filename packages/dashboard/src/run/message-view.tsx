import type { ReactNode } from "react";
import { useApiQuery } from "../api/hooks.ts";
import { outcomeOfMessage } from "../api/outcome.ts";
import type { MessageRow, RunDetail, RunMessage } from "../api/wire.ts";
import { t } from "../messages/en.ts";
import { recipientPath } from "../routes/paths.ts";
import { usePaths } from "../routes/use-paths.ts";
import { Channel } from "../ui/channel.tsx";
import { Json } from "../ui/code.tsx";
import { AppLink } from "../ui/link.tsx";
import { MessageStatus, OutcomeIcon } from "../ui/outcome.tsx";
import { Card, Facts } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { RunActions } from "./actions.tsx";
import { addressOf, recipientOf } from "./message-facts.ts";
import { RenderedMessage } from "./rendered.tsx";

/** A message beside its log: what it said, what happened to it, and what it belongs to. */
export function MessageView({ row }: { row: MessageRow }) {
  const to = usePaths();
  const run = useApiQuery(
    "GET /v1/:workspace/log/execution/:execution_id/",
    { params: { execution_id: row.execution_id } },
    { enabled: !row.is_campaign },
  );
  const inRun = (run.data as RunDetail | undefined)?.messages.find(
    ({ message_id }) => message_id === row.message_id,
  );
  const outcome = outcomeOfMessage(row.status);
  const address = addressOf(row.channel, row.channel_identity[row.channel]);
  return (
    <>
      {row.failure_reason === null ? null : (
        <div className="verdict" data-outcome={outcome}>
          <OutcomeIcon outcome={outcome} />
          <span>{row.failure_reason}</span>
        </div>
      )}
      <div className="actions">
        <RunActions kind="messages" id={row.message_id} canRedrive={outcome === "failed"} canCancel={false} />
      </div>
      <Card label={t.message.what}>
        <Facts
          of={[
            [t.log.column.status, <MessageStatus key="s" status={row.status} />],
            [t.log.column.channel, <Channel key="c" channel={row.channel} />],
            [
              t.log.column.recipient,
              <AppLink key="r" to={recipientPath(to, recipientOf(row))}>
                {recipientOf(row)}
              </AppLink>,
            ],
            [t.message.address, address],
            [
              t.log.column.workflow,
              <AppLink key="w" to={to.workflow(row.workflow.slug)}>
                {row.workflow.name ?? row.workflow.slug}
              </AppLink>,
            ],
            [
              t.message.run,
              row.is_campaign ? (
                <AppLink key="b" to={to.broadcast(row.execution_id)}>
                  {row.execution_id}
                </AppLink>
              ) : (
                <AppLink key="x" to={to.run(row.execution_id)} className="mono">
                  {row.execution_id}
                </AppLink>
              ),
            ],
            [
              t.message.template,
              row.template === null ? null : (
                <AppLink key="t" to={to.template(row.template.slug)}>
                  {row.template.name ?? row.template.slug}
                  {row.template.version_no === null ? "" : ` v${row.template.version_no}`}
                </AppLink>
              ),
            ],
            [t.message.variant, row.template?.variant_id ?? null],
            [t.log.column.vendor, vendorText(row)],
            [t.log.column.tenant, row.tenant_id],
            [t.message.category, row.category],
            [t.message.id, <code key="i">{row.message_id}</code>],
          ]}
        />
      </Card>
      <Card title={t.message.content}>
        <RenderedMessage id={row.message_id} />
      </Card>
      <Card title={t.message.history}>
        <Times of={row} />
        {inRun === undefined ? null : <Attempts message={inRun} />}
      </Card>
    </>
  );
}

function vendorText({ vendor }: MessageRow): string | null {
  if (vendor.name === null) return null;
  return vendor.nickname === null || vendor.nickname === ""
    ? vendor.name
    : `${vendor.name} (${vendor.nickname})`;
}

const TIMES = [
  "created_at",
  "triggered_at",
  "delivered_at",
  "seen_at",
  "clicked_at",
  "dismissed_at",
  "read_at",
  "archived_at",
] as const;

function Times({ of }: { of: MessageRow }) {
  return (
    <>
      {TIMES.map((name) => {
        const at = of[name];
        return at === null ? null : (
          <Entry key={name} at={at}>
            {t.message.times[name]}
          </Entry>
        );
      })}
    </>
  );
}

/** What passed between us and the vendor. */
export function Attempts({ message }: { message: RunMessage }) {
  return (
    <>
      {message.events.map(({ created_at, kind, detail }) => (
        <Entry key={`${created_at} ${kind}`} at={created_at}>
          {kind.replaceAll("_", " ")}
          {hasContent(detail) ? (
            <details>
              <summary>{t.message.details}</summary>
              <Json value={detail} label={t.message.details} />
            </details>
          ) : null}
        </Entry>
      ))}
      {hasContent(message.webhook_data) ? (
        <details>
          <summary>{t.message.call}</summary>
          <Json value={message.webhook_data} label={t.message.call} />
        </details>
      ) : null}
    </>
  );
}

function Entry({ at, children }: { at: string; children: ReactNode }) {
  return (
    <div className="attempt">
      <span className="soft small">
        <Time at={at} seconds />
      </span>
      <div className="anywhere">{children}</div>
    </div>
  );
}

function hasContent(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}
