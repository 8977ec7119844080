import { CircleDashed } from "lucide-react";
import { type Outcome, outcomeOfMessage } from "../api/outcome.ts";
import type { RunDetail, WorkflowNode } from "../api/wire.ts";
import { t } from "../messages/en.ts";
import { OutcomeIcon } from "../ui/outcome.tsx";

/**
 * The workflow as a list of lists, each node in the colour of what became of it: a picture for the eye and, being lists
 * and buttons, the same for keyboards and screen readers.
 */
export function Graph({
  nodes,
  run,
  selected,
  onSelect,
}: {
  nodes: readonly WorkflowNode[];
  run: RunDetail;
  selected: string | null;
  onSelect: (ref: string | null) => void;
}) {
  return (
    <div className="graph">
      <NodeList
        nodes={nodes}
        render={(node) => {
          const outcome = outcomeOfNode(node.ref, run);
          return (
            <button
              type="button"
              className="graph-node"
              data-outcome={outcome ?? undefined}
              data-untouched={outcome === null}
              aria-pressed={selected === node.ref}
              onClick={() => onSelect(selected === node.ref ? null : node.ref)}
            >
              <b>{node.name}</b>
              <span className="small soft">{t.node(node.node_type)}</span>
              <span className="outcome" data-outcome={outcome ?? "not_sent"}>
                {outcome === null ? <CircleDashed aria-hidden /> : <OutcomeIcon outcome={outcome} />}
                {outcome === null ? t.run.notReached : t.run.nodeOutcome[outcome]}
              </span>
            </button>
          );
        }}
      />
    </div>
  );
}

export function NodeList({
  nodes,
  render,
}: {
  nodes: readonly WorkflowNode[];
  render: (node: WorkflowNode) => React.ReactNode;
}) {
  return (
    <ol>
      {nodes.map((node) => (
        <li key={node.ref}>
          {render(node)}
          {(node.branches ?? []).length === 0 ? null : (
            <div className="graph-branches">
              {(node.branches ?? []).map((branch, index) => (
                <div key={`${index} ${branch.name}`} className="graph-branch">
                  <span>{branch.name}</span>
                  {branch.nodes.length === 0 ? (
                    <span className="small">{t.run.emptyBranch}</span>
                  ) : (
                    <NodeList nodes={branch.nodes} render={render} />
                  )}
                </div>
              ))}
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}

/** Worst first: a failed message outweighs a delivered one. Null: the run did not come there. */
function outcomeOfNode(ref: string, { steps, messages, status }: RunDetail): Outcome | null {
  const own = steps.filter(({ node_ref }) => node_ref === ref);
  if (own.length === 0) return null;
  const sent = messages.filter(({ node_ref, channel }) => node_ref === ref && channel !== "webhook");
  const outcomes = new Set(sent.map(({ status }) => outcomeOfMessage(status)));
  const stages = new Set(own.map(({ execution_stage }) => execution_stage));
  if (outcomes.has("failed") || stages.has("node_failed")) return "failed";
  if (own.some(({ status }) => status === "error")) return "failed";
  for (const outcome of ["waiting", "sent", "delivered"] as const) {
    if (outcomes.has(outcome)) return outcome;
  }
  if (stages.has("node_skipped") || outcomes.has("not_sent")) return "not_sent";
  const isWaiting = own.at(-1)?.execution_stage === "waiting" && status === "in_progress";
  return isWaiting ? "waiting" : "delivered";
}
