import { ScrollText } from "lucide-react";
import { useState } from "react";
import { useApiQuery } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Json } from "../../ui/code.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";
import { type Cursor, Pager } from "../../ui/table.tsx";
import { useParam } from "../use-param.ts";
import { usePaths } from "../use-paths.ts";
import { Identities } from "./identities.tsx";
import { PreferencesOf } from "./preferences-of.tsx";

/** An object: its own addresses, and who gets what is sent to it. */
export default function ObjectPage() {
  const type = useParam("type");
  const id = useParam("id");
  const to = usePaths();
  const object = useApiQuery("GET /v1/object/:object_type/:id/", { params: { object_type: type, id } });
  return (
    <Page
      title={`${type}/${id}`}
      back={{ to: to.objects(type), label: t.recipient.objects }}
      actions={
        <AppLink className="button" to={to.runs({ recipient: `${type}/${id}` })}>
          <ScrollText aria-hidden />
          {t.log.runs}
        </AppLink>
      }
    >
      <Ready of={object}>
        {(object) => (
          <div className="two">
            <div className="stack">
              <Subscribers type={type} id={id} />
              <Card title={t.recipient.properties}>
                <Json value={object.properties} label={t.recipient.properties} />
              </Card>
            </div>
            <div className="stack">
              <Card title={t.recipient.identities} flush>
                <Identities of={object} />
              </Card>
              <PreferencesOf kind="object" type={type} id={id} />
            </div>
          </div>
        )}
      </Ready>
    </Page>
  );
}

function Subscribers({ type, id }: { type: string; id: string }) {
  const to = usePaths();
  const [cursor, setCursor] = useState<Cursor>({});
  const subscriptions = useApiQuery(
    "GET /v1/object/:object_type/:id/subscription/",
    { params: { object_type: type, id }, query: { limit: "50", ...cursor } },
    { keep: true },
  );
  return (
    <Card title={t.recipient.subscribers} flush>
      <Ready of={subscriptions}>
        {({ results, meta }) => (
          <>
            {results.length === 0 ? <p className="card-body soft">{t.recipient.noSubscribers}</p> : null}
            {results.map(({ user, object }) =>
              user !== null ? (
                <div key={user.distinct_id} className="list-row">
                  <AppLink to={to.user(user.distinct_id)}>{user.distinct_id}</AppLink>
                </div>
              ) : object !== null ? (
                <div key={`${object.object_type}/${object.id}`} className="list-row">
                  <AppLink to={to.object(object.object_type, object.id)}>
                    {object.object_type}/{object.id}
                  </AppLink>
                </div>
              ) : null,
            )}
            <Pager meta={meta} onMove={setCursor} />
          </>
        )}
      </Ready>
    </Card>
  );
}
