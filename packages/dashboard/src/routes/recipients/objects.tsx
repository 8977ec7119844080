import { useRouter, useRouterState } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import { useState } from "react";
import { Button, Form } from "react-aria-components";
import { useApiQuery } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Filter } from "../../ui/filter.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Empty, Ready } from "../../ui/states.tsx";
import { type Cursor, Pager, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { usePaths } from "../use-paths.ts";
import { RecipientTabs } from "./recipient-tabs.tsx";

/** Objects by their type, which the address has. */
export default function Objects() {
  const to = usePaths();
  const { history } = useRouter();
  const type = useRouterState({
    select: ({ location }) => new URLSearchParams(location.searchStr).get("type") ?? "",
  });
  const [typed, setTyped] = useState(type);
  return (
    <Page title={t.nav.recipients}>
      <RecipientTabs current="objects" />
      <Form
        className="query"
        onSubmit={(event) => {
          event.preventDefault();
          const [name = "", ...id] = typed.trim().split("/");
          history.push(id.length > 0 ? to.object(name, id.join("/")) : to.objects(name));
        }}
      >
        <Filter value={typed} onChange={setTyped} label={t.recipient.objectType} />
        <Button className="button" type="submit">
          {t.common.open}
        </Button>
      </Form>
      {type === "" ? (
        <Empty icon={Boxes} title={t.recipient.whichType}>
          <p>{t.recipient.whichTypeHint}</p>
        </Empty>
      ) : (
        <ObjectsOf key={type} type={type} />
      )}
    </Page>
  );
}

function ObjectsOf({ type }: { type: string }) {
  const to = usePaths();
  const [cursor, setCursor] = useState<Cursor>({});
  const objects = useApiQuery(
    "GET /v1/object/:object_type/",
    { params: { object_type: type }, query: { limit: "50", ...cursor } },
    { keep: true },
  );
  return (
    <Ready of={objects}>
      {({ results, meta }) =>
        results.length === 0 ? (
          <Empty icon={Boxes} title={t.recipient.noObjects(type)}>
            <p>{t.recipient.noObjectsHint}</p>
          </Empty>
        ) : (
          <Card label={t.recipient.objects} flush>
            <Table
              label={t.recipient.objects}
              rows={results}
              idOf={({ id }) => id}
              cells={[
                {
                  name: t.recipient.id,
                  cell: ({ id, properties }) => (
                    <>
                      <AppLink to={to.object(type, id)}>
                        {type}/{id}
                      </AppLink>
                      {typeof properties.name === "string" ? (
                        <div className="soft small">{properties.name}</div>
                      ) : null}
                    </>
                  ),
                },
                { name: t.recipient.subscribers, isFit: true, cell: (one) => one.subscriptions_count },
                { name: t.recipient.changed, isFit: true, cell: (one) => <Time at={one.updated_at} /> },
              ]}
            />
            <Pager meta={meta} onMove={setCursor} />
          </Card>
        )
      }
    </Ready>
  );
}
