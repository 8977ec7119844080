import { Ban } from "lucide-react";
import { Button } from "react-aria-components";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { formatNumber } from "../../messages/locale.ts";
import { notify, notifyError } from "../../shell/toasts.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { useParam } from "../use-param.ts";
import { usePaths } from "../use-paths.ts";
import { BroadcastStatus } from "./list.tsx";

/** One broadcast: how far it is, and why some were not reached. */
export default function BroadcastPage() {
  const id = useParam("id");
  const to = usePaths();
  const maySend = useRight("send");
  const reading = useApiQuery(
    "GET /v1/broadcast_run/:execution_id/",
    { params: { execution_id: id } },
    { every: 2000 },
  );
  const cancel = useApiMutation("POST /v1/broadcast_run/cancel/", [
    "GET /v1/broadcast_run/:execution_id/",
    "GET /v1/broadcast_run/",
  ]);
  const isLive = reading.data?.status === "scheduled" || reading.data?.status === "in_progress";
  return (
    <Page
      title={reading.data?.template ?? t.nav.broadcasts}
      back={{ to: to.broadcasts, label: t.nav.broadcasts }}
      actions={
        <>
          <AppLink className="button" to={to.runs({ broadcast: id })}>
            {t.log.runs}
          </AppLink>
          {isLive && maySend ? (
            <Button
              className="button danger"
              isDisabled={cancel.isPending}
              onPress={() =>
                cancel.mutate(
                  { body: { execution_id: id } },
                  { onError: notifyError, onSuccess: () => notify(t.broadcast.cancelled) },
                )
              }
            >
              <Ban aria-hidden />
              {t.broadcast.cancel}
            </Button>
          ) : null}
        </>
      }
    >
      <Ready of={reading}>
        {(broadcast) => {
          const { recipients, triggered, skipped, failed } = broadcast.progress;
          const stages = [
            [t.broadcast.inList, recipients],
            [t.broadcast.triggered, triggered],
            [t.broadcast.skipped, skipped],
            [t.outcome.failed, failed],
          ] as const;
          return (
            <>
              <section className="tiles four" aria-label={t.broadcast.progress}>
                {stages.map(([name, count]) => (
                  <div key={name} className="tile">
                    <span className="soft">{name}</span>
                    <b>{count === null ? "–" : formatNumber(count)}</b>
                  </div>
                ))}
              </section>
              <div className="two">
                <Card title={t.broadcast.about}>
                  <Facts
                    of={[
                      [t.log.column.status, <BroadcastStatus key="s" status={broadcast.status} />],
                      [t.broadcast.done, `${broadcast.progress.percent} %`],
                      [
                        t.recipient.list,
                        <AppLink key="l" to={to.list(broadcast.list_id)}>
                          {broadcast.list_id}
                        </AppLink>,
                      ],
                      [
                        t.message.template,
                        <AppLink key="t" to={to.template(broadcast.template)}>
                          {broadcast.template}
                        </AppLink>,
                      ],
                      [t.message.category, broadcast.category],
                      [t.log.column.tenant, broadcast.tenant_id],
                      [t.broadcast.starts, <Time key="a" at={broadcast.starts_at} />],
                      [t.broadcast.ended, <Time key="e" at={broadcast.ended_at} />],
                      [t.request.key, <code key="k">{broadcast.idempotency_key}</code>],
                    ]}
                  />
                </Card>
                <Card title={t.broadcast.reasons} flush>
                  {Object.keys(broadcast.reasons).length === 0 ? (
                    <p className="card-body soft">{t.broadcast.noReasons}</p>
                  ) : (
                    Object.entries(broadcast.reasons).map(([reason, count]) => (
                      <div key={reason} className="list-row">
                        <span>{reason.replaceAll("_", " ")}</span>
                        <span>{formatNumber(count)}</span>
                      </div>
                    ))
                  )}
                </Card>
              </div>
            </>
          );
        }}
      </Ready>
    </Page>
  );
}
