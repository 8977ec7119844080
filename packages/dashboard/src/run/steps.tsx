import type { RunStep } from "../api/wire.ts";
import { t } from "../messages/en.ts";
import { Json } from "../ui/code.tsx";
import { lengthBetween, Time } from "../ui/time.tsx";

/** The step log: each gate with the values that it saw. */
export function Steps({ steps, start }: { steps: readonly RunStep[]; start: string }) {
  return (
    <ol aria-label={t.run.steps}>
      {steps.map((step, index) => (
        // The log only grows, and a step never changes.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={index} className="step" data-level={step.status}>
          <span className="soft small">
            <Time at={step.created_at} seconds />
            <br />+{lengthBetween(start, step.created_at)}
          </span>
          <div className="step-what">
            <b>{step.node_name ?? t.run.theRun}</b>{" "}
            <span className="tag">{step.execution_stage.replaceAll("_", " ")}</span>
            {step.status === "info" ? null : <span className="tag">{t.run.level[step.status]}</span>}
            <div>{step.message}</div>
            {step.properties === null ? null : <Values of={step.properties} />}
          </div>
        </li>
      ))}
    </ol>
  );
}

const SHORT = 80;

/** Small values in a line, each with its name; anything larger as JSON, folded. */
function Values({ of }: { of: Record<string, unknown> }) {
  const entries = Object.entries(of);
  const small = entries.filter(([, value]) => isSmall(value));
  const rest = Object.fromEntries(entries.filter(([, value]) => !isSmall(value)));
  return (
    <>
      <div className="values">
        {small.map(([name, value]) => (
          <span key={name} className="value mono">
            <i>{name}</i> {typeof value === "string" ? value : JSON.stringify(value)}
          </span>
        ))}
      </div>
      {Object.keys(rest).length === 0 ? null : (
        <details>
          <summary className="small">{Object.keys(rest).join(", ")}</summary>
          <Json value={rest} label={t.run.values} />
        </details>
      )}
    </>
  );
}

function isSmall(value: unknown): boolean {
  return (JSON.stringify(value) ?? "").length <= SHORT;
}
