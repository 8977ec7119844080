import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useApiQuery, useRight } from "../api/hooks.ts";
import { outcomeOfVerdict } from "../api/outcome.ts";
import type { RunDetail, RunMessage, RunStep, WorkflowNode } from "../api/wire.ts";
import { t } from "../messages/en.ts";
import { recipientPath } from "../routes/paths.ts";
import { usePaths } from "../routes/use-paths.ts";
import { Channel } from "../ui/channel.tsx";
import { AppLink } from "../ui/link.tsx";
import { MessageStatus, OutcomeIcon, RunStatus } from "../ui/outcome.tsx";
import { Card, Facts } from "../ui/page.tsx";
import { Ready } from "../ui/states.tsx";
import { lengthBetween, Time } from "../ui/time.tsx";
import { RunActions } from "./actions.tsx";
import { Graph } from "./graph.tsx";
import { addressOf } from "./message-facts.ts";
import { Attempts } from "./message-view.tsx";
import { RenderedMessage } from "./rendered.tsx";
import { Rerun } from "./rerun.tsx";
import { Steps } from "./steps.tsx";

const FOLLOW_MS = 2000;

/** A run, followed while it goes on: one sentence, its way through the workflow, each step with values, its messages. */
export function RunView({ id, isNarrow = false }: { id: string; isNarrow?: boolean }) {
  const [isOver, setOver] = useState(false);
  const reading = useApiQuery(
    "GET /v1/:workspace/log/execution/:execution_id/",
    { params: { execution_id: id } },
    { every: isOver ? false : FOLLOW_MS },
  );
  const run = reading.data as unknown as RunDetail | undefined;
  const isSettled =
    run !== undefined &&
    run.status !== "in_progress" &&
    run.messages.every(({ status }) => status !== "triggered");
  if (isSettled !== isOver) setOver(isSettled);
  return (
    <Ready of={{ ...reading, data: run }}>
      {(run) => <Run key={run.execution_id} run={run} isNarrow={isNarrow} />}
    </Ready>
  );
}

function Run({ run, isNarrow }: { run: RunDetail; isNarrow: boolean }) {
  const [node, setNode] = useState<string | null>(null);
  const [isRerun, setRerun] = useState(false);
  const mayTest = useRight("content.test");
  const version = useApiQuery("GET /v1/:workspace/workflow/:slug/version/:version_no/", {
    params: { slug: run.workflow_slug, version_no: String(run.workflow_version) },
  });
  const nodes = (version.data?.tree.nodes ?? []) as WorkflowNode[];
  const steps = node === null ? run.steps : run.steps.filter(({ node_ref }) => node_ref === node);
  const graph =
    nodes.length === 0 ? null : (
      <Card title={t.run.path} flush>
        <Graph nodes={nodes} run={run} selected={node} onSelect={setNode} />
      </Card>
    );
  return (
    <div className="stack">
      <Sentence run={run} />
      <div className="actions">
        <RunActions
          kind="executions"
          id={run.execution_id}
          canRedrive={run.status === "failed" || run.status === "partial_failure"}
          canCancel={run.status === "in_progress"}
        />
        {mayTest ? (
          <Button className="button" onPress={() => setRerun(true)}>
            <FlaskConical aria-hidden />
            {t.run.rerun}
          </Button>
        ) : null}
      </div>
      {isRerun ? <Rerun run={run} onClose={() => setRerun(false)} /> : null}
      <RunFacts run={run} />
      <div className={isNarrow ? "stack" : "run-layout"}>
        {graph}
        <div className="stack">
          <Messages messages={run.messages} />
          <Card
            title={node === null ? t.run.steps : t.run.stepsOf(nameOf(run.steps, node))}
            actions={
              node === null ? null : (
                <Button className="button quiet" onPress={() => setNode(null)}>
                  {t.run.allSteps}
                </Button>
              )
            }
            flush
          >
            <Steps steps={steps} start={run.created_at} />
          </Card>
          {run.children.length === 0 ? null : <Children run={run} />}
        </div>
      </div>
    </div>
  );
}

function nameOf(steps: readonly RunStep[], ref: string): string {
  return steps.find(({ node_ref }) => node_ref === ref)?.node_name ?? ref;
}

/** In the server's words: the same as `explain` says of this recipient and key. */
function Sentence({ run }: { run: RunDetail }) {
  const { recipient, workflow_slug, idempotency_key, created_at } = run;
  const since = new Date(new Date(created_at).getTime() - 3_600_000).toISOString();
  const reading = useApiQuery(
    "GET /v1/:workspace/explain/",
    {
      query: {
        distinct_id: recipient,
        workflow: workflow_slug,
        idempotency_key,
        since,
      },
    },
    { every: run.status === "in_progress" ? FOLLOW_MS : false, retry: false },
  );
  const answer = reading.data;
  if (answer === undefined) {
    return (
      <div className="verdict" data-outcome="waiting">
        <RunStatus status={run.status} />
      </div>
    );
  }
  const outcome = outcomeOfVerdict(answer.verdict);
  return (
    <div className="verdict" data-outcome={outcome} role="status">
      <OutcomeIcon outcome={outcome} />
      <span>{answer.summary}</span>
    </div>
  );
}

function RunFacts({ run }: { run: RunDetail }) {
  const to = usePaths();
  return (
    <Card label={t.run.facts} className="wide-facts">
      <Facts
        of={[
          [t.log.column.status, <RunStatus key="s" status={run.status} />],
          [
            t.log.column.recipient,
            <AppLink key="r" to={recipientPath(to, run.recipient)}>
              {run.recipient}
            </AppLink>,
          ],
          [
            t.log.column.workflow,
            <AppLink key="w" to={to.workflow(run.workflow_slug)}>
              {run.workflow_name} v{run.workflow_version}
            </AppLink>,
          ],
          [t.run.started, <Time key="t" at={run.created_at} seconds />],
          [t.log.column.took, run.ended_at === null ? null : lengthBetween(run.created_at, run.ended_at)],
          [t.run.waits, run.waiting_for === null ? null : <Waits key="u" run={run} />],
          [t.log.column.tenant, run.tenant_id],
          [t.message.category, run.category],
          [t.request.actor, run.actor],
          [
            t.run.request,
            <AppLink
              key="q"
              className="mono"
              to={to.requests({ request: run.request_id, row: run.request_id })}
            >
              {run.request_id}
            </AppLink>,
          ],
          [t.request.key, <code key="k">{run.idempotency_key}</code>],
          [t.run.cancellationKey, run.cancellation_key],
          [t.run.id, <code key="i">{run.execution_id}</code>],
        ]}
      />
    </Card>
  );
}

function Waits({ run }: { run: RunDetail }) {
  const { until = null, events = [] } = run.waiting_for ?? {};
  return (
    <>
      {until === null ? null : (
        <>
          {t.run.until} <Time at={until} />
        </>
      )}
      {events.length === 0 ? null : ` ${t.run.orFor(events.join(", "))}`}
    </>
  );
}

function Messages({ messages }: { messages: readonly RunMessage[] }) {
  return (
    <Card title={t.run.messages(messages.length)} flush>
      {messages.length === 0 ? <p className="card-body soft">{t.run.noMessages}</p> : null}
      {messages.map((message) => (
        <MessageCard key={message.message_id} message={message} />
      ))}
    </Card>
  );
}

function MessageCard({ message }: { message: RunMessage }) {
  const to = usePaths();
  const [isOpen, setOpen] = useState(false);
  const address = addressOf(message.channel, message.channel_value);
  return (
    <div>
      <div className="list-row">
        <span>
          <Channel channel={message.channel} />
          {address === null ? null : <span className="soft"> {address}</span>}
        </span>
        <MessageStatus status={message.status} />
        <Button className="button quiet" aria-expanded={isOpen} onPress={() => setOpen((before) => !before)}>
          {isOpen ? t.common.less : t.run.look}
        </Button>
      </div>
      {message.failure_reason === null ? null : (
        <p className="card-body small" data-outcome="failed">
          {message.failure_reason}
        </p>
      )}
      {isOpen ? (
        <div className="card-body stack">
          <RenderedMessage id={message.message_id} />
          <Facts
            of={[
              [t.log.column.vendor, message.vendor],
              [t.message.attempt, message.attempt === 0 ? null : message.attempt],
              [t.message.vendorId, message.message_id_by_vendor],
              [t.message.failureClass, message.failure_class],
              [
                t.message.id,
                <AppLink
                  key="i"
                  className="mono"
                  to={to.messages({ message: message.message_id, row: message.message_id })}
                >
                  {message.message_id}
                </AppLink>,
              ],
            ]}
          />
          <Attempts message={message} />
        </div>
      ) : null}
    </div>
  );
}

function Children({ run }: { run: RunDetail }) {
  const to = usePaths();
  return (
    <Card title={t.run.children} flush>
      {run.children.map(({ execution_id, workflow_slug, recipient, status }) => (
        <div key={execution_id} className="list-row">
          <AppLink to={to.run(execution_id)}>
            {workflow_slug} · {recipient}
          </AppLink>
          <RunStatus status={status} />
        </div>
      ))}
    </Card>
  );
}
