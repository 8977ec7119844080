import { useRouterState } from "@tanstack/react-router";
import { Workflow } from "lucide-react";
import { useMemo, useState } from "react";
import { Switch } from "react-aria-components";
import type { ReplyOf } from "../../api/client.ts";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { notify, notifyError } from "../../shell/toasts.tsx";
import { Filter } from "../../ui/filter.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Empty, Ready } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { usePaths } from "../use-paths.ts";
import { NewWorkflow } from "./new-workflow.tsx";

export type WorkflowView = ReplyOf<"GET /v1/:workspace/workflow/:slug/">;

const MOST = "1000";

export default function Workflows() {
  const to = usePaths();
  const tag = useRouterState({
    select: ({ location }) => new URLSearchParams(location.searchStr).get("tag"),
  });
  const [text, setText] = useState("");
  const drafts = useApiQuery("GET /v1/:workspace/workflow/", { query: { mode: "draft", limit: MOST } });
  const live = useApiQuery("GET /v1/:workspace/workflow/", { query: { mode: "live", limit: MOST } });
  const liveBySlug = useMemo(
    () => new Map(live.data?.results.map((workflow) => [workflow.slug, workflow])),
    [live.data],
  );
  const mayWrite = useRight("content.write");
  return (
    <Page title={t.nav.workflows} actions={mayWrite ? <NewWorkflow /> : null}>
      <Ready of={drafts}>
        {({ results }) => {
          if (results.length === 0) {
            return (
              <Empty icon={Workflow} title={t.workflow.none}>
                <p>{t.workflow.noneHint}</p>
                {mayWrite ? <NewWorkflow /> : null}
              </Empty>
            );
          }
          const wanted = text.trim().toLowerCase();
          const shown = results.filter(
            ({ slug, name, tags }) =>
              (tag === null || tags.includes(tag)) && `${name} ${slug}`.toLowerCase().includes(wanted),
          );
          return (
            <Card label={t.nav.workflows} flush>
              <div className="card-head">
                <Filter value={text} onChange={setText} label={t.workflow.filter} />
                {tag === null ? null : (
                  <AppLink className="button" to={to.workflows}>
                    {t.workflow.tagged(tag)}
                  </AppLink>
                )}
                <span className="soft small">{t.common.of(shown.length, results.length)}</span>
              </div>
              <div className="table-scroll" tabIndex={0} role="group" aria-label={t.nav.workflows}>
                <table className="table">
                  <thead>
                    <tr>
                      <th>{t.workflow.name}</th>
                      <th>{t.message.category}</th>
                      <th>{t.workflow.trigger}</th>
                      <th>{t.workflow.lastRun}</th>
                      <th>{t.workflow.edited}</th>
                      <th className="fit">{t.workflow.enabled}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {shown.map((workflow) => (
                      <Row key={workflow.slug} draft={workflow} live={liveBySlug.get(workflow.slug)} />
                    ))}
                  </tbody>
                </table>
              </div>
            </Card>
          );
        }}
      </Ready>
    </Page>
  );
}

type Listed = ReplyOf<"GET /v1/:workspace/workflow/">["results"][number];

function Row({ draft, live }: { draft: Listed; live: Listed | undefined }) {
  const to = usePaths();
  const mayWrite = useRight("content.write");
  const { slug, name, tags, category, trigger_type, trigger_events, updated_at } = draft;
  return (
    <tr>
      <td>
        <AppLink to={to.workflow(slug)}>{name || slug}</AppLink>{" "}
        {live === undefined ? (
          <span className="tag">{t.workflow.neverCommitted}</span>
        ) : live.hash === draft.hash ? null : (
          <span className="tag">{t.workflow.hasDraft}</span>
        )}
        <div className="soft small">
          <span className="mono">{slug}</span>{" "}
          {tags.map((tag) => (
            <AppLink key={tag} className="tag" to={`${to.workflows}?tag=${encodeURIComponent(tag)}`}>
              {tag}
            </AppLink>
          ))}
        </div>
      </td>
      <td>{category}</td>
      <td>
        {t.workflow.triggerType(trigger_type)}
        {trigger_events.length === 0 ? null : (
          <div className="soft small">{trigger_events.slice(0, 3).join(", ")}</div>
        )}
      </td>
      <td className="fit">
        <Time at={live?.last_executed_at ?? null} />
      </td>
      <td className="fit">
        <Time at={updated_at} />
      </td>
      <td className="fit">
        {live === undefined ? (
          <span className="soft">–</span>
        ) : mayWrite ? (
          <Enable workflow={live} />
        ) : live.is_enabled ? (
          t.common.yes
        ) : (
          t.common.no
        )}
      </td>
    </tr>
  );
}

/** Acts at once, and can be taken back. */
export function Enable({ workflow }: { workflow: Pick<WorkflowView, "slug" | "name" | "is_enabled"> }) {
  const enable = useApiMutation("PATCH /v1/:workspace/workflow/:slug/enable/", [
    "GET /v1/:workspace/workflow/",
    "GET /v1/:workspace/workflow/:slug/",
  ]);
  const { slug, name } = workflow;
  const set = (is_enabled: boolean, canUndo: boolean) =>
    enable.mutate(
      { params: { slug }, body: { is_enabled } },
      {
        onError: notifyError,
        onSuccess: () =>
          notify(
            is_enabled ? t.workflow.nowEnabled(name) : t.workflow.nowDisabled(name),
            canUndo ? { label: t.common.undo, run: () => set(!is_enabled, false) } : null,
          ),
      },
    );
  const wanted = enable.isPending ? enable.variables.body?.is_enabled : undefined;
  return (
    <Switch
      className="switch"
      aria-label={t.workflow.enable(name || slug)}
      isSelected={wanted ?? workflow.is_enabled}
      onChange={(isOn) => set(isOn, true)}
    >
      <span className="switch-track" />
    </Switch>
  );
}
