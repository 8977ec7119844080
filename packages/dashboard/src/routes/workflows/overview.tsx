import { TriangleAlert } from "lucide-react";
import type { WorkflowNode } from "../../api/wire.ts";
import { t } from "../../messages/en.ts";
import { NodeList } from "../../run/graph.tsx";
import { Json } from "../../ui/code.tsx";
import { Card, Facts } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { TriggerSnippet } from "../logs/trigger-snippet.tsx";
import { useWorkflow, WorkflowFrame } from "./frame.tsx";
import type { WorkflowView } from "./list.tsx";
import { useParam } from "../use-param.ts";

/** What a workflow does, as it is live; as it is drafted, while it is not. */
export default function WorkflowOverview() {
  const slug = useParam("slug");
  const reading = useWorkflow(slug);
  return (
    <WorkflowFrame slug={slug} tab="" reading={reading}>
      <Ready of={{ ...reading, data: reading.draft }}>
        {(draft) => <Overview draft={draft} live={reading.live} />}
      </Ready>
    </WorkflowFrame>
  );
}

function Overview({ draft, live }: { draft: WorkflowView; live: WorkflowView | undefined }) {
  const shown = live ?? draft;
  const nodes = shown.tree.nodes as WorkflowNode[];
  return (
    <>
      <Problems workflow={draft} />
      <div className="columns">
        <Card title={live === undefined ? t.workflow.draft : t.workflow.live} flush>
          {nodes.length === 0 ? (
            <p className="card-body soft">{t.workflow.noNodes}</p>
          ) : (
            <div className="graph">
              <NodeList
                nodes={nodes}
                render={(node) => (
                  <details className="graph-node">
                    <summary>
                      <b>{node.name}</b>
                    </summary>
                    <span className="small soft">
                      {t.node(node.node_type)} · <span className="mono">{node.ref}</span>
                    </span>
                    <Json value={node.properties ?? {}} label={node.name} />
                  </details>
                )}
              />
            </div>
          )}
        </Card>
        <div className="stack">
          <Card label={t.workflow.about}>
            <Facts
              of={[
                [t.workflow.description, shown.description],
                [t.message.category, shown.category],
                [t.workflow.trigger, t.workflow.triggerType(shown.trigger_type)],
                [t.workflow.events, shown.trigger_events.join(", ")],
                [t.workflow.tags, shown.tags.join(", ")],
                [t.workflow.schema, shown.payload_schema?.schema],
                [
                  t.workflow.limit,
                  shown.ratelimit === null
                    ? null
                    : t.workflow.limitOf(shown.ratelimit.count, shown.ratelimit.sliding_window),
                ],
                [t.workflow.committed, live === undefined ? null : <Time key="c" at={live.active_at} />],
                [t.workflow.commitMessage, live?.commit_message],
                [
                  t.workflow.lastRun,
                  shown.last_executed_at === null ? null : <Time key="l" at={shown.last_executed_at} />,
                ],
                [t.workflow.edited, <Time key="e" at={draft.updated_at} />],
              ]}
            />
          </Card>
          {live === undefined ? null : (
            <Card title={t.log.triggerSnippet}>
              <TriggerSnippet workflow={live.slug} />
            </Card>
          )}
        </div>
      </div>
    </>
  );
}

export function Problems({ workflow }: { workflow: Pick<WorkflowView, "validation_result"> }) {
  const { is_valid, errors } = workflow.validation_result;
  if (is_valid) return null;
  return (
    <div className="notice" data-outcome="waiting">
      <TriangleAlert aria-hidden />
      <div className="stack tight">
        <b>{t.workflow.problems(errors.length)}</b>
        <ul className="stack tight">
          {errors.map((error) => (
            <li key={error}>{error}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}
