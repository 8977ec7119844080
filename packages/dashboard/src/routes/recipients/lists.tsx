import { ListChecks } from "lucide-react";
import { useApiQuery } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { formatNumber } from "../../messages/locale.ts";
import { AppLink } from "../../ui/link.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Empty, Ready } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { usePaths } from "../use-paths.ts";
import { RecipientTabs } from "./recipient-tabs.tsx";

export default function Lists() {
  const to = usePaths();
  const lists = useApiQuery("GET /v1/subscriber_list/", { query: { limit: "500" } });
  return (
    <Page title={t.nav.recipients}>
      <RecipientTabs current="lists" />
      <Ready of={lists}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={ListChecks} title={t.recipient.noLists}>
              <p>{t.recipient.noListsHint}</p>
            </Empty>
          ) : (
            <Card label={t.recipient.lists} flush>
              <Table
                label={t.recipient.lists}
                rows={results}
                idOf={({ list_id }) => list_id}
                cells={[
                  {
                    name: t.workflow.name,
                    cell: ({ list_id, list_name, list_description }) => (
                      <>
                        <AppLink to={to.list(list_id)}>{list_name || list_id}</AppLink>{" "}
                        <span className="mono small soft">{list_id}</span>
                        <div className="soft small">{list_description}</div>
                      </>
                    ),
                  },
                  { name: t.recipient.kind, cell: ({ list_type }) => list_type.replaceAll("_", " ") },
                  {
                    name: t.recipient.members,
                    isFit: true,
                    cell: ({ subscribers_count }) => formatNumber(subscribers_count),
                  },
                  { name: t.recipient.changed, isFit: true, cell: (one) => <Time at={one.updated_at} /> },
                ]}
              />
            </Card>
          )
        }
      </Ready>
    </Page>
  );
}
