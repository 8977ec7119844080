import { Megaphone } from "lucide-react";
import { useState } from "react";
import type { ReplyOf } from "../../api/client.ts";
import { useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { AppLink } from "../../ui/link.tsx";
import { OutcomeBadge } from "../../ui/outcome.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Empty, Ready } from "../../ui/states.tsx";
import { type Cursor, Pager, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { usePaths } from "../use-paths.ts";
import { NewBroadcast } from "./new-broadcast.tsx";

export type Broadcast = ReplyOf<"GET /v1/broadcast_run/">["results"][number];

export default function Broadcasts() {
  const to = usePaths();
  const maySend = useRight("send");
  const [cursor, setCursor] = useState<Cursor>({});
  const broadcasts = useApiQuery(
    "GET /v1/broadcast_run/",
    { query: { limit: "50", ...cursor } },
    { keep: true, every: 3000 },
  );
  return (
    <Page title={t.nav.broadcasts} lead={t.broadcast.lead} actions={maySend ? <NewBroadcast /> : null}>
      <Ready of={broadcasts}>
        {({ results, meta }) =>
          results.length === 0 ? (
            <Empty icon={Megaphone} title={t.broadcast.none}>
              <p>{t.broadcast.noneHint}</p>
            </Empty>
          ) : (
            <Card label={t.nav.broadcasts} flush>
              <Table
                label={t.nav.broadcasts}
                rows={results}
                idOf={({ execution_id }) => execution_id}
                cells={[
                  {
                    name: t.message.template,
                    cell: ({ execution_id, template, list_id }) => (
                      <>
                        <AppLink to={to.broadcast(execution_id)}>{template}</AppLink>
                        <div className="soft small">
                          {t.broadcast.toList} <AppLink to={to.list(list_id)}>{list_id}</AppLink>
                        </div>
                      </>
                    ),
                  },
                  {
                    name: t.log.column.status,
                    cell: (one) => <BroadcastStatus status={one.status} />,
                  },
                  { name: t.broadcast.progress, cell: ({ progress }) => t.broadcast.progressOf(progress) },
                  {
                    name: t.broadcast.starts,
                    isFit: true,
                    cell: ({ starts_at }) => <Time at={starts_at} />,
                  },
                ]}
              />
              <Pager meta={meta} onMove={setCursor} />
            </Card>
          )
        }
      </Ready>
    </Page>
  );
}

const OUTCOMES = {
  scheduled: "waiting",
  in_progress: "waiting",
  completed: "delivered",
  partial_failure: "failed",
  failed: "failed",
  cancelled: "not_sent",
} as const;

export function BroadcastStatus({ status }: { status: Broadcast["status"] }) {
  return <OutcomeBadge outcome={OUTCOMES[status]} word={t.broadcast.status[status]} />;
}
