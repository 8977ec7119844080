import { TriangleAlert } from "lucide-react";
import type { DryRun } from "../api/wire.ts";
import { t } from "../messages/en.ts";
import { Channel } from "../ui/channel.tsx";
import { MessageStatus, RunStatus } from "../ui/outcome.tsx";
import { Card } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { addressOf } from "./message-facts.ts";
import { Rendered } from "./rendered.tsx";
import { Steps } from "./steps.tsx";

/** Who would get what, when and why. Nothing of it has happened. */
export function DryRunResult({ reply }: { reply: DryRun }) {
  return (
    <div className="stack">
      {reply.problems.map(({ error_code, error_description }) => (
        <div key={error_code + error_description} className="notice" data-outcome="waiting">
          <TriangleAlert aria-hidden />
          <span>{error_description}</span>
        </div>
      ))}
      {reply.recipients.length === 0 ? <p className="soft">{t.dryRun.nobody}</p> : null}
      {reply.recipients.map((run, index) => {
        const name = run.distinct_id ?? `${run.object_type ?? ""}/${run.id ?? ""}`;
        const [first] = run.steps;
        return (
          <Card
            // A recipient may come twice: by name, and as the subscriber of an object.
            // oxlint-disable-next-line react/no-array-index-key
            key={index}
            title={`${run.workflow} · ${name}`}
            actions={<RunStatus status={run.status} />}
            flush
          >
            <p className="card-body soft">
              {t.dryRun.endsAt} <Time at={run.ends_at} />
            </p>
            {run.messages.map((message, index) => (
              // oxlint-disable-next-line react/no-array-index-key
              <div key={index} className="card-body stack tight">
                <div className="actions">
                  <Channel channel={message.channel} />
                  <span className="soft">{addressOf(message.channel, message.channel_value)}</span>
                  <MessageStatus status={message.status} />
                </div>
                {message.failure_reason === null ? null : <p>{message.failure_reason}</p>}
                <Rendered content={message.content} />
              </div>
            ))}
            <details className="card-body">
              <summary>{t.dryRun.steps(run.steps.length)}</summary>
              <Steps
                start={first?.at ?? run.ends_at}
                steps={run.steps.map(({ at, node_ref, stage, severity, message, values }) => ({
                  created_at: at,
                  node_ref,
                  node_name: node_ref,
                  node_type: null,
                  execution_stage: stage,
                  status: severity,
                  message,
                  properties: values ?? null,
                }))}
              />
            </details>
          </Card>
        );
      })}
    </div>
  );
}
