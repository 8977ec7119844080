import { KeyRound, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { notify } from "../../shell/toasts.tsx";
import { Code } from "../../ui/code.tsx";
import { Field } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Empty, Ready } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { DevelopTabs } from "./develop-tabs.tsx";

const CHANGED = ["GET /v1/:workspace/ws_api_key/"] as const;

/** Keys for triggers, events and recipients. A key is shown once, when it is made. */
export default function Keys() {
  const mayWrite = useRight("keys.write");
  const keys = useApiQuery("GET /v1/:workspace/ws_api_key/", { query: { limit: "500" } });
  const [taken, setTaken] = useState<{ id: string; name: string } | null>(null);
  const remove = useApiMutation("DELETE /v1/:workspace/ws_api_key/:api_key_id/", CHANGED);
  return (
    <Page title={t.develop.page.keys} actions={mayWrite ? <NewKey /> : null}>
      <DevelopTabs current="keys" />
      <Ready of={keys}>
        {({ results }) => {
          const live = results.filter(({ is_deleted }) => !is_deleted);
          if (live.length === 0) {
            return (
              <Empty icon={KeyRound} title={t.develop.noKeys}>
                <p>{t.develop.noKeysHint}</p>
              </Empty>
            );
          }
          return (
            <Card title={t.develop.apiKeys} flush>
              <Table
                label={t.develop.apiKeys}
                rows={live}
                idOf={({ id }) => id}
                cells={[
                  {
                    name: t.workflow.name,
                    cell: ({ name, description }) => (
                      <>
                        {name}
                        <div className="soft small">{description}</div>
                      </>
                    ),
                  },
                  { name: t.develop.key, cell: ({ masked_api_key }) => <code>{masked_api_key}</code> },
                  {
                    name: t.recipient.made,
                    isFit: true,
                    cell: ({ created_at }) => <Time at={created_at} />,
                  },
                  {
                    name: t.recipient.remove,
                    isFit: true,
                    cell: ({ id, name }) =>
                      mayWrite ? (
                        <Button
                          className="button icon quiet danger"
                          aria-label={t.develop.takeBack(name)}
                          onPress={() => setTaken({ id, name })}
                        >
                          <Trash2 aria-hidden />
                        </Button>
                      ) : null,
                  },
                ]}
              />
            </Card>
          );
        }}
      </Ready>
      {taken === null ? null : (
        <FormDialog
          title={t.develop.takeBack(taken.name)}
          isOpen
          isDanger
          onClose={() => setTaken(null)}
          submit={t.develop.takeBackNow}
          error={remove.error}
          isPending={remove.isPending}
          onSubmit={() =>
            remove.mutate(
              { params: { api_key_id: taken.id } },
              {
                onSuccess: () => {
                  notify(t.develop.takenBack(taken.name));
                  setTaken(null);
                },
              },
            )
          }
        >
          <p>{t.develop.takeBackHint}</p>
        </FormDialog>
      )}
    </Page>
  );
}

function NewKey() {
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState("");
  const create = useApiMutation("POST /v1/:workspace/ws_api_key/", CHANGED);
  const close = () => {
    setOpen(false);
    setName("");
    create.reset();
  };
  return (
    <>
      <Button className="button primary" onPress={() => setOpen(true)}>
        <Plus aria-hidden />
        {t.develop.newKey}
      </Button>
      <FormDialog
        title={t.develop.newKey}
        isOpen={isOpen}
        onClose={close}
        submit={create.data === undefined ? t.develop.make : t.common.close}
        error={create.error}
        isPending={create.isPending}
        onSubmit={() => (create.data === undefined ? create.mutate({ body: { name } }) : close())}
      >
        {create.data === undefined ? (
          <Field
            label={t.workflow.name}
            help={t.develop.keyNameHelp}
            isRequired
            value={name}
            onChange={setName}
          />
        ) : (
          <div className="stack tight">
            <p>{t.develop.shownOnce}</p>
            <Code text={create.data.api_key} label={t.develop.key} />
          </div>
        )}
      </FormDialog>
    </>
  );
}
