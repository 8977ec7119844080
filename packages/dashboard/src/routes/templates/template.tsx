import { useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "react-aria-components";
import type { ReplyOf } from "../../api/client.ts";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { notify } from "../../shell/toasts.tsx";
import { Channel } from "../../ui/channel.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { AppLink } from "../../ui/link.tsx";
import { OutcomeBadge } from "../../ui/outcome.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { useParam } from "../use-param.ts";
import { usePaths } from "../use-paths.ts";
import { type Variant, VariantPreview } from "./variant-preview.tsx";

type Version = ReplyOf<"GET /v2/:workspace/template/:slug/version/">["results"][number];

/** A template: its variants, how each looks with its mock data, and what was live before. */
export default function TemplatePage() {
  const slug = useParam("slug");
  const to = usePaths();
  const chosen = useRouterState({
    select: ({ location }) => new URLSearchParams(location.searchStr).get("variant"),
  });
  const template = useApiQuery("GET /v2/:workspace/template/:slug/", {
    params: { slug },
    query: { mode: "draft" },
  });
  const variants = useApiQuery("GET /v2/:workspace/template/:slug/variant/", {
    params: { slug },
    query: { mode: "draft", limit: "200" },
  });
  const all = variants.data?.results ?? [];
  const current = all.find((one) => keyOf(one) === chosen) ?? all[0];
  return (
    <Page
      title={template.data?.name || slug}
      back={{ to: to.templates, label: t.nav.templates }}
      lead={<span className="mono small">{slug}</span>}
    >
      <Ready of={template}>
        {(template) => (
          <div className="run-layout">
            <div className="stack">
              <Card title={t.template.variants} flush>
                <Ready of={variants}>
                  {({ results }) =>
                    results.length === 0 ? (
                      <p className="card-body soft">{t.template.noVariants}</p>
                    ) : (
                      results.map((variant) => (
                        <div key={keyOf(variant)} className="list-row">
                          <AppLink
                            to={`${to.template(slug)}?${new URLSearchParams({ variant: keyOf(variant) }).toString()}`}
                            aria-current={variant === current ? "true" : undefined}
                            className={variant === current ? "current" : undefined}
                          >
                            <Channel channel={variant.channel} /> {variant.id}
                            <div className="soft small">
                              {variant.locale}
                              {variant.tenant_id === null ? "" : ` · ${variant.tenant_id}`}
                              {variant.conditions.length === 0 ? "" : ` · ${t.template.conditional}`}
                            </div>
                          </AppLink>
                          {variant.has_error ? (
                            <OutcomeBadge outcome="failed" word={t.template.broken} />
                          ) : null}
                        </div>
                      ))
                    )
                  }
                </Ready>
              </Card>
              <Card label={t.workflow.about}>
                <Facts
                  of={[
                    [t.workflow.description, template.description],
                    [t.workflow.tags, template.tags.join(", ")],
                    [t.template.lastSent, <Time key="l" at={template.last_triggered_at} />],
                    [t.workflow.edited, <Time key="e" at={template.updated_at} />],
                  ]}
                />
              </Card>
              <Versions slug={slug} />
            </div>
            {current === undefined ? (
              <div />
            ) : (
              <VariantPreview key={keyOf(current)} slug={slug} variant={current} />
            )}
          </div>
        )}
      </Ready>
    </Page>
  );
}

function keyOf({ channel, id }: Variant): string {
  return `${channel} ${id}`;
}

function Versions({ slug }: { slug: string }) {
  const versions = useApiQuery("GET /v2/:workspace/template/:slug/version/", {
    params: { slug },
    query: { limit: "100" },
  });
  const mayWrite = useRight("content.write");
  const [restoring, setRestoring] = useState<Version | null>(null);
  const rollBack = useApiMutation("POST /v2/:workspace/template/:slug/version/:version_no/rollback/", [
    "GET /v2/:workspace/template/:slug/",
    "GET /v2/:workspace/template/:slug/variant/",
    "GET /v2/:workspace/template/:slug/version/",
  ]);
  return (
    <Card title={t.workflow.tab.versions} flush>
      <Ready of={versions}>
        {({ results }) => (
          <>
            {results.length === 0 ? <p className="card-body soft">{t.workflow.neverCommitted}</p> : null}
            {results.map((version) => (
              <div key={version.version_no} className="list-row">
                <span>
                  <b>{t.workflow.version(version.version_no)}</b> {version.commit_message}
                  <div className="soft small">
                    <Time at={version.created_at} /> {version.created_by?.name}
                  </div>
                </span>
                {version.is_live ? (
                  <OutcomeBadge outcome="delivered" word={t.workflow.live} />
                ) : mayWrite ? (
                  <Button className="button" onPress={() => setRestoring(version)}>
                    {t.workflow.rollBack}
                  </Button>
                ) : null}
              </div>
            ))}
          </>
        )}
      </Ready>
      {restoring === null ? null : (
        <FormDialog
          title={t.workflow.rollBackTo(restoring.version_no)}
          isOpen
          onClose={() => setRestoring(null)}
          submit={t.workflow.rollBack}
          error={rollBack.error}
          isPending={rollBack.isPending}
          onSubmit={() =>
            rollBack.mutate(
              { params: { slug, version_no: String(restoring.version_no) } },
              {
                onSuccess: () => {
                  notify(t.workflow.rolledBack(restoring.version_no));
                  setRestoring(null);
                },
              },
            )
          }
        >
          <p>{restoring.commit_message}</p>
          <p className="soft">{t.template.rollBackHint}</p>
        </FormDialog>
      )}
    </Card>
  );
}
