import { Users as UsersIcon } from "lucide-react";
import { useState } from "react";
import { useApiQuery } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { addressOf } from "../../run/message-facts.ts";
import { Channel } from "../../ui/channel.tsx";
import { IdForm } from "../../ui/id-form.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Empty, Ready } from "../../ui/states.tsx";
import { type Cursor, Pager, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { TriggerSnippet } from "../logs/trigger-snippet.tsx";
import { usePaths } from "../use-paths.ts";
import { identitiesOf } from "./identities.tsx";
import { RecipientTabs } from "./recipient-tabs.tsx";

export default function Users() {
  const to = usePaths();
  const [cursor, setCursor] = useState<Cursor>({});
  const users = useApiQuery("GET /v1/user/", { query: { limit: "50", ...cursor } }, { keep: true });
  return (
    <Page title={t.nav.recipients}>
      <RecipientTabs current="users" />
      <IdForm label={t.recipient.userId} pathOf={to.user} />
      <Ready of={users}>
        {({ results, meta }) =>
          results.length === 0 ? (
            <Empty icon={UsersIcon} title={t.recipient.noUsers}>
              <p>{t.recipient.noUsersHint}</p>
              <TriggerSnippet />
            </Empty>
          ) : (
            <Card label={t.recipient.users} flush>
              <Table
                label={t.recipient.users}
                rows={results}
                idOf={({ distinct_id }) => distinct_id}
                cells={[
                  {
                    name: t.recipient.id,
                    cell: ({ distinct_id, properties }) => (
                      <>
                        <AppLink to={to.user(distinct_id)}>{distinct_id}</AppLink>
                        {typeof properties.name === "string" ? (
                          <div className="soft small">{properties.name}</div>
                        ) : null}
                      </>
                    ),
                  },
                  {
                    name: t.recipient.reachedAt,
                    cell: (user) =>
                      identitiesOf(user)
                        .filter(({ channel }) => channel !== "inbox")
                        .slice(0, 3)
                        .map(({ channel, identity }) => (
                          <div key={channel + JSON.stringify(identity.value)}>
                            <Channel channel={channel} />{" "}
                            <span className="soft small">{addressOf(channel, identity.value)}</span>
                          </div>
                        )),
                  },
                  { name: t.recipient.changed, isFit: true, cell: (user) => <Time at={user.updated_at} /> },
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
