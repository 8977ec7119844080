import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { forget, useAccess, useApiMutation, useApiQuery } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { notify } from "../../shell/toasts.tsx";
import { useWorkspaces } from "../../shell/workspaces.ts";
import { Choice, Field } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { useCategories } from "../workflows/categories.ts";

/** To everybody in a list, now or later. How many that is stands on the button. */
export function NewBroadcast() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button className="button primary" onPress={() => setOpen(true)}>
        <Plus aria-hidden />
        {t.broadcast.new}
      </Button>
      {isOpen ? <Compose onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function Compose({ onClose }: { onClose: () => void }) {
  const access = useAccess();
  const client = useQueryClient();
  const workspace = useWorkspaces().data?.find(({ slug }) => slug === access.workspace);
  const lists = useApiQuery("GET /v1/subscriber_list/", { query: { limit: "500" } });
  const templates = useApiQuery("GET /v2/:workspace/template/", { query: { mode: "live", limit: "1000" } });
  const categories = useCategories();
  const [list, setList] = useState<string | null>(null);
  const [template, setTemplate] = useState<string | null>(null);
  const [category, setCategory] = useState<string | null>(null);
  const [data, setData] = useState("{}");
  const [later, setLater] = useState("");
  const [key] = useState(() => crypto.randomUUID());
  const [problem, setProblem] = useState<unknown>(null);
  const send = useApiMutation("POST /:workspace_key/broadcast/", ["GET /v1/broadcast_run/"]);
  const members = lists.data?.results.find(({ list_id }) => list_id === list)?.subscribers_count ?? 0;
  const submit = () => {
    setProblem(null);
    if (list === null || template === null || category === null) {
      return setProblem(new Error(t.broadcast.incomplete));
    }
    let values: Record<string, unknown>;
    try {
      values = JSON.parse(data) as Record<string, unknown>;
    } catch {
      return setProblem(new Error(t.template.noJson));
    }
    send.mutate(
      {
        params: { workspace_key: workspace?.uid ?? "" },
        body: {
          list_id: list,
          template,
          notification_category: category,
          data: values,
          // Pressing twice sends once.
          $idempotency_key: key,
          ...(later === "" ? {} : { trigger_at: new Date(later).toISOString() }),
        },
      },
      {
        onSuccess: () => {
          notify(t.broadcast.accepted);
          void forget(client, access, ["GET /v1/broadcast_run/"]);
          onClose();
        },
      },
    );
  };
  return (
    <FormDialog
      title={t.broadcast.new}
      isOpen
      onClose={onClose}
      submit={t.broadcast.sendTo(members)}
      error={problem ?? send.error}
      isPending={send.isPending || workspace === undefined}
      onSubmit={submit}
    >
      <Choice
        label={t.recipient.lists}
        isRequired
        value={list}
        onChange={setList}
        choices={(lists.data?.results ?? []).map(({ list_id, list_name, subscribers_count }) => ({
          id: list_id,
          name: `${list_name || list_id} (${subscribers_count})`,
        }))}
      />
      <Choice
        label={t.message.template}
        isRequired
        value={template}
        onChange={setTemplate}
        choices={(templates.data?.results ?? []).map(({ slug, name }) => ({ id: slug, name: name || slug }))}
      />
      <Choice
        label={t.message.category}
        isRequired
        value={category}
        onChange={setCategory}
        choices={categories}
      />
      <Field label={t.broadcast.data} lines={4} value={data} onChange={setData} />
      <Field
        label={t.broadcast.later}
        help={t.broadcast.laterHelp}
        type="datetime-local"
        value={later}
        onChange={setLater}
      />
    </FormDialog>
  );
}
