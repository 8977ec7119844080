import { UserMinus, UserPlus } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { formatNumber } from "../../messages/locale.ts";
import { notify, notifyError } from "../../shell/toasts.tsx";
import { Code } from "../../ui/code.tsx";
import { Field } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";
import { type Cursor, Pager, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { useParam } from "../use-param.ts";
import { usePaths } from "../use-paths.ts";

const CHANGED = [
  "GET /v1/subscriber_list/:list_id/subscriber/",
  "GET /v1/subscriber_list/:list_id/",
  "GET /v1/subscriber_list/",
] as const;

/** A list and who is in it. The members of a dynamic one are found by its query, and not by hand. */
export default function ListPage() {
  const id = useParam("id");
  const to = usePaths();
  const mayWrite = useRight("recipients.write");
  const list = useApiQuery("GET /v1/subscriber_list/:list_id/", { params: { list_id: id } });
  const canChange = mayWrite && list.data !== undefined && !list.data.is_readonly;
  return (
    <Page
      title={list.data?.list_name || id}
      back={{ to: to.lists, label: t.recipient.lists }}
      lead={<span className="mono small">{id}</span>}
      actions={canChange ? <AddMembers id={id} /> : null}
    >
      <Ready of={list}>
        {(list) => (
          <>
            <Card label={t.recipient.about} className="wide-facts">
              <Facts
                of={[
                  [t.workflow.description, list.list_description],
                  [t.recipient.kind, list.list_type.replaceAll("_", " ")],
                  [t.recipient.members, formatNumber(list.subscribers_count)],
                  [t.recipient.refreshed, list.sync_task?.refreshed_at],
                  [t.recipient.problem, list.sync_task?.error],
                  [t.recipient.changed, <Time key="c" at={list.updated_at} />],
                ]}
              />
              {list.query === undefined ? null : <Code text={list.query} label={t.recipient.query} />}
            </Card>
            <Members id={id} canChange={canChange} />
          </>
        )}
      </Ready>
    </Page>
  );
}

function Members({ id, canChange }: { id: string; canChange: boolean }) {
  const to = usePaths();
  const [cursor, setCursor] = useState<Cursor>({});
  const members = useApiQuery(
    "GET /v1/subscriber_list/:list_id/subscriber/",
    { params: { list_id: id }, query: { limit: "50", ...cursor } },
    { keep: true },
  );
  const remove = useApiMutation("POST /v1/subscriber_list/:list_id/subscriber/remove/", CHANGED);
  const add = useApiMutation("POST /v1/subscriber_list/:list_id/subscriber/add/", CHANGED);
  const take = (distinct_id: string) => {
    const call = { params: { list_id: id }, body: { distinct_ids: [distinct_id] } };
    remove.mutate(call, {
      onError: notifyError,
      onSuccess: () =>
        notify(t.recipient.removed(distinct_id), {
          label: t.common.undo,
          run: () => add.mutate(call, { onError: notifyError }),
        }),
    });
  };
  return (
    <Card title={t.recipient.members} flush>
      <Ready of={members}>
        {({ results, meta }) =>
          results.length === 0 ? (
            <p className="card-body soft">{t.recipient.noMembers}</p>
          ) : (
            <>
              <Table
                label={t.recipient.members}
                rows={results}
                idOf={({ id }) => id}
                cells={[
                  {
                    name: t.recipient.id,
                    cell: ({ distinct_id }) => <AppLink to={to.user(distinct_id)}>{distinct_id}</AppLink>,
                  },
                  {
                    name: t.recipient.entered,
                    isFit: true,
                    cell: ({ created_at }) => <Time at={created_at} />,
                  },
                  {
                    name: t.recipient.remove,
                    isFit: true,
                    cell: ({ distinct_id }) =>
                      canChange ? (
                        <Button
                          className="button icon quiet"
                          aria-label={t.recipient.removeOne(distinct_id)}
                          onPress={() => take(distinct_id)}
                        >
                          <UserMinus aria-hidden />
                        </Button>
                      ) : null,
                  },
                ]}
              />
              <Pager meta={meta} onMove={setCursor} />
            </>
          )
        }
      </Ready>
    </Card>
  );
}

function AddMembers({ id }: { id: string }) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState("");
  const add = useApiMutation("POST /v1/subscriber_list/:list_id/subscriber/add/", CHANGED);
  const ids = text.split(/[\n,]/).flatMap((one) => (one.trim() === "" ? [] : [one.trim()]));
  return (
    <>
      <Button className="button" onPress={() => setOpen(true)}>
        <UserPlus aria-hidden />
        {t.recipient.add}
      </Button>
      <FormDialog
        title={t.recipient.add}
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        submit={t.recipient.addCount(ids.length)}
        error={add.error}
        isPending={add.isPending}
        onSubmit={() =>
          add.mutate(
            { params: { list_id: id }, body: { distinct_ids: ids } },
            {
              onSuccess: () => {
                setText("");
                setOpen(false);
                notify(t.recipient.added(ids.length));
              },
            },
          )
        }
      >
        <Field
          label={t.recipient.ids}
          help={t.recipient.idsHelp}
          isRequired
          lines={6}
          value={text}
          onChange={setText}
        />
      </FormDialog>
    </>
  );
}
