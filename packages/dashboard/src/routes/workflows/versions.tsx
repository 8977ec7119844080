import { lazy, Suspense, useState } from "react";
import { Button } from "react-aria-components";
import type { ReplyOf } from "../../api/client.ts";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { notify } from "../../shell/toasts.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { OutcomeBadge } from "../../ui/outcome.tsx";
import { Card } from "../../ui/page.tsx";
import { Failure, Loading, Ready } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { definitionOf } from "./definition.ts";
import { useWorkflow, WorkflowFrame } from "./frame.tsx";
import { useParam } from "../use-param.ts";

const Diff = lazy(() => import("../../ui/diff.tsx"));

type Version = ReplyOf<"GET /v1/:workspace/workflow/:slug/version/">["results"][number];

/** What was live when, what each version changed, and the way back to one. */
export default function WorkflowVersions() {
  const slug = useParam("slug");
  const reading = useWorkflow(slug);
  const versions = useApiQuery("GET /v1/:workspace/workflow/:slug/version/", {
    params: { slug },
    query: { limit: "200" },
  });
  const [open, setOpen] = useState<number | null>(null);
  const [restoring, setRestoring] = useState<Version | null>(null);
  const mayWrite = useRight("content.write");
  return (
    <WorkflowFrame slug={slug} tab="versions" reading={reading}>
      <Ready of={versions}>
        {({ results }) => (
          <Card label={t.workflow.tab.versions} flush>
            {results.length === 0 ? <p className="card-body soft">{t.workflow.neverCommitted}</p> : null}
            {results.map((version) => {
              const { version_no, commit_message, created_at, created_by, is_live } = version;
              return (
                <div key={version_no}>
                  <div className="list-row">
                    <span>
                      <b>{t.workflow.version(version_no)}</b> {commit_message}
                      <div className="soft small">
                        <Time at={created_at} /> {created_by?.name}
                      </div>
                    </span>
                    {is_live ? <OutcomeBadge outcome="delivered" word={t.workflow.live} /> : null}
                    <Button
                      className="button quiet"
                      aria-expanded={open === version_no}
                      onPress={() => setOpen(open === version_no ? null : version_no)}
                    >
                      {open === version_no ? t.common.less : t.workflow.whatChanged}
                    </Button>
                    {is_live || !mayWrite ? null : (
                      <Button className="button" onPress={() => setRestoring(version)}>
                        {t.workflow.rollBack}
                      </Button>
                    )}
                  </div>
                  {open === version_no ? <Changes slug={slug} version={version_no} /> : null}
                </div>
              );
            })}
          </Card>
        )}
      </Ready>
      {restoring === null ? null : (
        <RollBack slug={slug} version={restoring} onClose={() => setRestoring(null)} />
      )}
    </WorkflowFrame>
  );
}

function useVersion(slug: string, version: number) {
  return useApiQuery(
    "GET /v1/:workspace/workflow/:slug/version/:version_no/",
    { params: { slug, version_no: String(version) } },
    { enabled: version > 0 },
  );
}

function Changes({ slug, version }: { slug: string; version: number }) {
  const after = useVersion(slug, version);
  const before = useVersion(slug, version - 1);
  const error = after.error ?? before.error;
  if (error !== null) return <Failure error={error} />;
  if (after.data === undefined || (version > 1 && before.data === undefined)) return <Loading />;
  return (
    <Suspense fallback={<Loading />}>
      <Diff
        before={before.data === undefined ? null : definitionOf(before.data)}
        after={definitionOf(after.data)}
        label={t.workflow.whatChanged}
      />
    </Suspense>
  );
}

const CHANGED = [
  "GET /v1/:workspace/workflow/:slug/",
  "GET /v1/:workspace/workflow/:slug/version/",
  "GET /v1/:workspace/workflow/",
] as const;

/** Two calls: the version becomes the draft, and the draft is committed. */
function RollBack({ slug, version, onClose }: { slug: string; version: Version; onClose: () => void }) {
  const restore = useApiMutation("POST /v1/:workspace/workflow/:slug/version/:version_no/rollback/", CHANGED);
  const commit = useApiMutation("PATCH /v1/:workspace/workflow/:slug/commit/", CHANGED);
  const { version_no, commit_message } = version;
  const rollBack = () =>
    restore.mutate(
      { params: { slug, version_no: String(version_no) } },
      {
        onSuccess: () =>
          commit.mutate(
            { params: { slug }, query: { commit_message: t.workflow.rollBackTo(version_no) } },
            {
              onSuccess: () => {
                notify(t.workflow.rolledBack(version_no));
                onClose();
              },
            },
          ),
      },
    );
  return (
    <FormDialog
      title={t.workflow.rollBackTo(version_no)}
      isOpen
      onClose={onClose}
      submit={t.workflow.rollBack}
      error={restore.error ?? commit.error}
      isPending={restore.isPending || commit.isPending}
      onSubmit={rollBack}
    >
      <p>{commit_message}</p>
      <p className="soft">{t.workflow.rollBackHint}</p>
    </FormDialog>
  );
}
