import { useQueries, useQuery } from "@tanstack/react-query";
import { Check, CircleCheck } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { callApi } from "../api/client.ts";
import { useAccess, useApiQuery } from "../api/hooks.ts";
import { type Outcome, OUTCOMES } from "../api/outcome.ts";
import { t } from "../messages/en.ts";
import { formatNumber } from "../messages/locale.ts";
import { AppLink } from "../ui/link.tsx";
import { OutcomeBadge } from "../ui/outcome.tsx";
import { Card, Page } from "../ui/page.tsx";
import { Empty, Failure, Loading, Ready } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { TriggerSnippet } from "./logs/trigger-snippet.tsx";
import { usePaths } from "./use-paths.ts";

const DAY_MS = 86_400_000;
const EVERY_MS = 10_000;
/** The log counts no further. */
const MOST_COUNTED = 10_000;

/** The filter of the message log for each outcome. `triggered` there means all that got no further, so it is exact here. */
const STATUSES: Record<Outcome, readonly string[]> = {
  delivered: ["delivered", "seen", "clicked", "dismissed"],
  sent: ["sent_by_vendor"],
  waiting: ["to_be_triggered"],
  not_sent: ["trigger_blocked", "not_to_be_triggered"],
  failed: ["delivery_failed"],
};

export default function Home() {
  const { workspace } = useAccess();
  return (
    <Page title={t.nav.home} lead={t.home.lead}>
      <Outcomes key={workspace} />
      <div className="two">
        <div className="stack">
          <Failing />
          <Lanes />
        </div>
        <div className="stack">
          <Start />
          <VendorHealth />
        </div>
      </div>
    </Page>
  );
}

function Outcomes() {
  const access = useAccess();
  const to = usePaths();
  const [since] = useState(() => new Date(Date.now() - DAY_MS).toISOString());
  const counts = useQueries({
    queries: OUTCOMES.map((outcome) => ({
      queryKey: [access.workspace, "GET /v1/message/", "count", outcome, since],
      refetchInterval: EVERY_MS,
      queryFn: async () => {
        const query = { "status[]": [...STATUSES[outcome]], created_at_gte: since, limit: "1" };
        const { meta } = await callApi("GET /v1/message/", access, { query });
        return meta.count;
      },
    })),
  });
  const failed = counts.find(({ error }) => error !== null);
  if (failed !== undefined) return <Failure error={failed.error} />;
  return (
    <section className="tiles" aria-label={t.home.outcomes}>
      {OUTCOMES.map((outcome, index) => {
        const count = counts[index]?.data;
        return (
          <AppLink
            key={outcome}
            className="tile"
            to={to.messages({ status: STATUSES[outcome][0] ?? "", since: "24h" })}
          >
            <OutcomeBadge outcome={outcome} />
            <b>
              {count === undefined
                ? "–"
                : count >= MOST_COUNTED
                  ? `${formatNumber(MOST_COUNTED)}+`
                  : formatNumber(count)}
            </b>
            <span className="small soft">{t.home.messages24h}</span>
          </AppLink>
        );
      })}
    </section>
  );
}

function Failing() {
  const to = usePaths();
  const failures = useApiQuery("GET /v1/:workspace/redrive/", { query: {} }, { every: EVERY_MS });
  return (
    <Card title={t.home.failing} flush>
      <Ready of={failures}>
        {({ requests, executions, messages }) => {
          const groups = [
            ...messages.map((group) => ({
              ...group,
              href: (id: string) => to.messages({ message: id, row: id }),
            })),
            ...executions.map((group) => ({ ...group, href: (id: string) => to.run(id) })),
            ...requests.map((group) => ({
              ...group,
              href: (id: string) => to.requests({ request: id, row: id }),
            })),
          ].toSorted((a, b) => b.count - a.count);
          if (groups.length === 0) {
            return (
              <Empty icon={CircleCheck} title={t.home.noFailures}>
                <p>{t.home.noFailuresHint}</p>
              </Empty>
            );
          }
          return groups.slice(0, 8).map(({ error, count, workflows, sample_ids, last_at, href }) => (
            <div key={error + workflows.join()} className="list-row">
              <span>
                <AppLink to={href(sample_ids[0] ?? "")}>{error}</AppLink>
                <span className="small soft">
                  <br />
                  {workflows.map((slug) => (
                    <AppLink key={slug} to={to.workflow(slug)} className="soft">
                      {slug}{" "}
                    </AppLink>
                  ))}
                  · {t.home.last} <Time at={last_at} />
                </span>
              </span>
              <OutcomeBadge outcome="failed" word={formatNumber(count)} />
            </div>
          ));
        }}
      </Ready>
    </Card>
  );
}

function VendorHealth() {
  const to = usePaths();
  const vendors = useApiQuery("GET /v1/:workspace/vendor/", { query: {} }, { every: EVERY_MS });
  return (
    <Card title={t.home.vendors} flush>
      <Ready of={vendors}>
        {({ results }) =>
          results.map(({ id, name, nickname, channel, broken, held_until }) => (
            <div key={id} className="list-row">
              <span>
                <AppLink to={to.vendor(id)}>{nickname || name}</AppLink>{" "}
                <span className="soft small">{t.channel[channel] ?? channel}</span>
                {broken === null ? null : <div className="small">{broken.reason}</div>}
              </span>
              {broken !== null ? (
                <OutcomeBadge outcome="failed" word={t.home.broken} />
              ) : held_until !== null ? (
                <OutcomeBadge outcome="waiting" word={t.home.held} />
              ) : (
                <OutcomeBadge outcome="delivered" word={t.home.healthy} />
              )}
            </div>
          ))
        }
      </Ready>
    </Card>
  );
}

interface Readiness {
  queues?: { lane: string; waiting?: number; oldest_seconds?: number }[];
}

/** What the process says of itself to everyone: no names, only numbers. */
function Lanes() {
  const ready = useQuery({
    queryKey: ["readyz"],
    refetchInterval: EVERY_MS,
    queryFn: async () => (await (await fetch("/readyz")).json()) as Readiness,
  });
  const lanes = useMemo(() => byLane(ready.data?.queues ?? []), [ready.data]);
  return (
    <Card title={t.home.lanes} flush>
      {ready.isPending ? <Loading /> : null}
      {lanes.map(({ lane, waiting, oldest }) => (
        <div key={lane} className="list-row">
          <span>{t.home.lane(lane)}</span>
          <span className="soft">
            {waiting === 0 ? t.home.nothingWaits : t.home.waits(formatNumber(waiting), oldest)}
          </span>
        </div>
      ))}
    </Card>
  );
}

function byLane(queues: NonNullable<Readiness["queues"]>) {
  const lanes = new Map<string, { lane: string; waiting: number; oldest: number }>();
  for (const { lane, waiting = 0, oldest_seconds = 0 } of queues) {
    const known = lanes.get(lane) ?? { lane, waiting: 0, oldest: 0 };
    known.waiting += waiting;
    known.oldest = Math.max(known.oldest, oldest_seconds);
    lanes.set(lane, known);
  }
  return [...lanes.values()];
}

/** Four steps from nothing to a message, each ticked by what the API sees. Gone when all are done and seen. */
function Start() {
  const to = usePaths();
  const one = { query: { limit: "1" } } as const;
  const templates = useApiQuery("GET /v2/:workspace/template/", one);
  const workflows = useApiQuery("GET /v1/:workspace/workflow/", { query: { mode: "live", limit: "1" } });
  const users = useApiQuery("GET /v1/user/", one, { every: EVERY_MS });
  const runs = useApiQuery("GET /v1/:workspace/log/execution/", one, { every: 3000 });
  const steps: { name: string; hint: ReactNode; isDone: boolean; to: string }[] = [
    {
      name: t.home.start.template,
      hint: t.home.start.templateHint,
      isDone: (templates.data?.meta.count ?? 0) > 0,
      to: to.templates,
    },
    {
      name: t.home.start.workflow,
      hint: t.home.start.workflowHint,
      isDone: (workflows.data?.meta.count ?? 0) > 0,
      to: to.workflows,
    },
    {
      name: t.home.start.user,
      hint: t.home.start.userHint,
      isDone: (users.data?.results.length ?? 0) > 0,
      to: to.users,
    },
    {
      name: t.home.start.trigger,
      hint: t.home.start.triggerHint,
      isDone: (runs.data?.results.length ?? 0) > 0,
      to: to.runs(),
    },
  ];
  const done = steps.filter(({ isDone }) => isDone).length;
  if (runs.data === undefined || done === steps.length) return null;
  return (
    <Card title={t.home.start.title(done, steps.length)} flush>
      <ol className="steps-start">
        {steps.map(({ name, hint, isDone, to }, index) => (
          <li key={name}>
            <span className="step-mark" data-done={isDone}>
              {isDone ? <Check aria-hidden /> : index + 1}
              {isDone ? <span className="visually-hidden">{t.home.start.done}</span> : null}
            </span>
            <div className="stack tight">
              <AppLink to={to}>{name}</AppLink>
              {isDone ? null : <span className="soft small">{hint}</span>}
              {!isDone && index === steps.length - 1 ? (
                <>
                  <TriggerSnippet />
                  <span className="live" data-on="true">
                    {t.home.start.waiting}
                  </span>
                </>
              ) : null}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
