import { outcomeOfRun } from "../api/outcome.ts";
import type { RequestRow } from "../api/wire.ts";
import { t } from "../messages/en.ts";
import { recipientPath } from "../routes/paths.ts";
import { usePaths } from "../routes/use-paths.ts";
import { Json } from "../ui/code.tsx";
import { AppLink } from "../ui/link.tsx";
import { OutcomeIcon, RunStatus } from "../ui/outcome.tsx";
import { Card, Facts } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { RunActions } from "./actions.tsx";

/** A request as it was sent, what it was answered, and what came of it. */
export function RequestView({ row }: { row: RequestRow }) {
  const to = usePaths();
  const isFailure = row.status === "failure" || row.status === "partial_failure";
  return (
    <>
      {row.errors.map(({ error_code, error_description }) => (
        <div
          key={error_code + error_description}
          className="verdict"
          data-outcome={isFailure ? "failed" : outcomeOfRun(row.status)}
        >
          <OutcomeIcon outcome={isFailure ? "failed" : outcomeOfRun(row.status)} />
          <span>
            {error_description} <code className="soft">{error_code}</code>
          </span>
        </div>
      ))}
      <div className="actions">
        <RunActions
          kind="requests"
          id={row.request_id}
          canRedrive={isFailure && row.executions.length === 0}
          canCancel={false}
        />
      </div>
      <Card label={t.request.what}>
        <Facts
          of={[
            [t.log.column.status, <RunStatus key="s" status={row.status} />],
            [t.log.column.time, <Time key="t" at={row.created_at} seconds />],
            [t.log.column.api, t.log.choice(row.api_name)],
            [t.log.column.name, row.name],
            [t.log.column.tenant, row.tenant_id],
            [t.request.actor, row.actor],
            [t.request.key, <code key="k">{row.idempotency_key}</code>],
            [t.request.id, <code key="i">{row.request_id}</code>],
          ]}
        />
      </Card>
      <Card title={t.request.runs(row.executions.length)} flush>
        {row.executions.length === 0 ? <p className="card-body soft">{t.request.noRuns}</p> : null}
        {row.executions.map(({ exec_id, workflow_slug, distinct_id, status }) => (
          <div key={exec_id} className="list-row">
            <span>
              <AppLink to={to.run(exec_id)}>{workflow_slug}</AppLink>{" "}
              <AppLink to={recipientPath(to, distinct_id)} className="soft">
                {distinct_id}
              </AppLink>
            </span>
            <RunStatus status={status} />
          </div>
        ))}
      </Card>
      <Card title={t.request.payload}>
        <Json value={row.payload} label={t.request.payload} />
      </Card>
      {row.response === null ? null : (
        <Card title={t.request.response}>
          <Json value={row.response} label={t.request.response} />
        </Card>
      )}
      <Card title={t.request.metadata}>
        <Json value={row.metadata} label={t.request.metadata} />
      </Card>
    </>
  );
}
