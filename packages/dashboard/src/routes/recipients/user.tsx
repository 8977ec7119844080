import { useRouter } from "@tanstack/react-router";
import { ScrollText, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import type { RunRow } from "../../api/wire.ts";
import { t } from "../../messages/en.ts";
import { notify } from "../../shell/toasts.tsx";
import { Json } from "../../ui/code.tsx";
import { Field } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { AppLink } from "../../ui/link.tsx";
import { RunStatus } from "../../ui/outcome.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { useParam } from "../use-param.ts";
import { usePaths } from "../use-paths.ts";
import { Identities } from "./identities.tsx";
import { PreferencesOf } from "./preferences-of.tsx";

/** A user: where they are reached, what they chose, where they belong, and what was sent to them. */
export default function User() {
  const id = useParam("id");
  const to = usePaths();
  const mayErase = useRight("recipients.erase");
  const [isErasing, setErasing] = useState(false);
  const user = useApiQuery("GET /v1/user/:distinct_id/", { params: { distinct_id: id } });
  return (
    <Page
      title={id}
      back={{ to: to.users, label: t.recipient.users }}
      actions={
        <>
          <AppLink className="button" to={to.runs({ recipient: id })}>
            <ScrollText aria-hidden />
            {t.log.runs}
          </AppLink>
          {mayErase && user.data !== undefined ? (
            <Button className="button danger" onPress={() => setErasing(true)}>
              <Trash2 aria-hidden />
              {t.recipient.erase}
            </Button>
          ) : null}
        </>
      }
    >
      <Ready of={user}>
        {(user) => (
          <div className="two">
            <div className="stack">
              <Card title={t.recipient.identities} flush>
                <Identities of={user} />
              </Card>
              <Timeline id={id} />
              <Card title={t.recipient.properties}>
                <Json value={user.properties} label={t.recipient.properties} />
              </Card>
            </div>
            <div className="stack">
              <PreferencesOf kind="user" id={id} />
              <Memberships id={id} />
              <Card label={t.recipient.about}>
                <Facts
                  of={[
                    [t.recipient.made, <Time key="m" at={user.created_at} />],
                    [t.recipient.changed, <Time key="c" at={user.updated_at} />],
                  ]}
                />
              </Card>
            </div>
          </div>
        )}
      </Ready>
      {isErasing ? <Erase id={id} onClose={() => setErasing(false)} /> : null}
    </Page>
  );
}

function Timeline({ id }: { id: string }) {
  const to = usePaths();
  const runs = useApiQuery(
    "GET /v1/:workspace/log/execution/",
    { query: { recipient: id, limit: "10" } },
    { every: 5000 },
  );
  return (
    <Card
      title={t.recipient.timeline}
      actions={
        <AppLink to={to.messages({ recipient: id })} className="button quiet">
          {t.log.messages}
        </AppLink>
      }
      flush
    >
      <Ready of={runs}>
        {({ results }) =>
          results.length === 0 ? (
            <p className="card-body soft">{t.recipient.noRuns}</p>
          ) : (
            (results as unknown as RunRow[]).map(({ execution_id, workflow_slug, status, created_at }) => (
              <div key={execution_id} className="list-row">
                <AppLink to={to.run(execution_id)}>{workflow_slug}</AppLink>
                <RunStatus status={status} />
                <span className="soft">
                  <Time at={created_at} />
                </span>
              </div>
            ))
          )
        }
      </Ready>
    </Card>
  );
}

function Memberships({ id }: { id: string }) {
  const to = usePaths();
  const params = { distinct_id: id };
  const lists = useApiQuery("GET /v1/user/:distinct_id/subscribed_to/list/", { params });
  const objects = useApiQuery("GET /v1/user/:distinct_id/subscribed_to/object/", { params });
  const links = [
    ...(lists.data?.results ?? []).map(({ list }) => ({
      to: to.list(list.list_id),
      name: list.list_name,
      kind: t.recipient.list,
    })),
    ...((objects.data?.results ?? []) as { object: { object_type: string; id: string } }[]).map(
      ({ object }) => ({
        to: to.object(object.object_type, object.id),
        name: `${object.object_type}/${object.id}`,
        kind: t.recipient.object,
      }),
    ),
  ];
  return (
    <Card title={t.recipient.memberships} flush>
      <Ready of={lists}>
        {() =>
          links.length === 0 ? (
            <p className="card-body soft">{t.recipient.noMemberships}</p>
          ) : (
            links.map(({ to, name, kind }) => (
              <div key={to} className="list-row">
                <AppLink to={to}>{name}</AppLink>
                <span className="tag">{kind}</span>
              </div>
            ))
          )
        }
      </Ready>
    </Card>
  );
}

/** Cannot be taken back, so the id is typed. */
function Erase({ id, onClose }: { id: string; onClose: () => void }) {
  const { history } = useRouter();
  const to = usePaths();
  const [typed, setTyped] = useState("");
  const erase = useApiMutation("DELETE /v1/user/:distinct_id/", ["GET /v1/user/"]);
  return (
    <FormDialog
      title={t.recipient.eraseTitle(id)}
      isOpen
      isDanger
      canSubmit={typed === id}
      onClose={onClose}
      submit={t.recipient.erase}
      error={erase.error}
      isPending={erase.isPending}
      onSubmit={() => {
        erase.mutate(
          { params: { distinct_id: id } },
          {
            onSuccess: () => {
              notify(t.recipient.erased(id));
              history.push(to.users);
            },
          },
        );
      }}
    >
      <p>{t.recipient.eraseHint}</p>
      <Field label={t.recipient.typeId(id)} isRequired value={typed} onChange={setTyped} />
    </FormDialog>
  );
}
