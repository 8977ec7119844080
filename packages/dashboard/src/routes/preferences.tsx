import { SlidersHorizontal } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button } from "react-aria-components";
import type { ReplyOf } from "../api/client.ts";
import { useApiMutation, useApiQuery, useRight } from "../api/hooks.ts";
import { t } from "../messages/en.ts";
import { notify } from "../shell/toasts.tsx";
import { Channel } from "../ui/channel.tsx";
import { Field } from "../ui/field.tsx";
import { FormDialog } from "../ui/form-dialog.tsx";
import { Card, Page } from "../ui/page.tsx";
import { Empty, Failure, Loading, Ready } from "../ui/states.tsx";
import { Table } from "../ui/table.tsx";

const JsonEditor = lazy(() => import("../ui/json-editor.tsx"));
const Diff = lazy(() => import("../ui/diff.tsx"));

type Document = ReplyOf<"GET /v1/:workspace/preference_category/">;

/** The categories that recipients choose among: what is live, and the draft beside it. */
export default function Categories() {
  const live = useApiQuery("GET /v1/:workspace/preference_category/", { query: { mode: "live" } });
  const draft = useApiQuery("GET /v1/:workspace/preference_category/", { query: { mode: "draft" } });
  const mayWrite = useRight("content.write");
  const [isEditing, setEditing] = useState(false);
  return (
    <Page
      title={t.nav.preferences}
      lead={t.category.lead}
      actions={
        mayWrite && draft.data !== undefined ? (
          <Button className="button primary" onPress={() => setEditing(true)}>
            {t.category.edit}
          </Button>
        ) : null
      }
    >
      <Ready of={live}>{(live) => <Matrix document={live} />}</Ready>
      {isEditing && draft.data !== undefined ? (
        <Edit draft={draft.data} live={live.data} onClose={() => setEditing(false)} />
      ) : null}
    </Page>
  );
}

function Matrix({ document }: { document: Document }) {
  const isEmpty = document.root_categories.every(({ sections }) =>
    sections.every(({ categories }) => categories.length === 0),
  );
  if (isEmpty) {
    return (
      <Empty icon={SlidersHorizontal} title={t.category.none}>
        <ul className="stack tight">
          {document.root_categories.map(({ root_category }) => (
            <li key={root_category}>
              <b>{t.home.lane(root_category)}</b>: {t.category.root[root_category]}
            </li>
          ))}
        </ul>
      </Empty>
    );
  }
  return document.root_categories
    .filter(({ sections }) => sections.some(({ categories }) => categories.length > 0))
    .map(({ root_category, sections }) => (
      <Card key={root_category} title={t.home.lane(root_category)} flush>
        <p className="card-body soft">{t.category.root[root_category]}</p>
        <Table
          label={t.home.lane(root_category)}
          idOf={({ category }) => category}
          rows={sections.flatMap(({ name, categories }) =>
            categories.map((category) => ({ ...category, section: name })),
          )}
          cells={[
            {
              name: t.workflow.name,
              cell: ({ name, category, description }) => (
                <>
                  <b>{name}</b> <span className="mono small soft">{category}</span>
                  <div className="soft small">{description}</div>
                </>
              ),
            },
            { name: t.category.section, cell: ({ section }) => section ?? "–" },
            {
              name: t.category.byDefault,
              cell: ({ default_preference }) => t.category.preference(default_preference),
            },
            {
              name: t.template.channels,
              cell: ({ default_mandatory_channels, default_opt_in_channels }) => {
                const channels = default_mandatory_channels ?? default_opt_in_channels;
                return channels === null
                  ? t.category.allChannels
                  : channels.map((channel) => (
                      <span key={channel} className="tag">
                        <Channel channel={channel} />
                      </span>
                    ));
              },
            },
          ]}
        />
      </Card>
    ));
}

/** The document as JSON. What is not valid is stored as a draft, and not committed. */
function Edit({
  draft,
  live,
  onClose,
}: {
  draft: Document;
  live: Document | undefined;
  onClose: () => void;
}) {
  const written = JSON.stringify({ root_categories: draft.root_categories }, null, 2);
  const [text, setText] = useState(written);
  const [message, setMessage] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const save = useApiMutation("POST /v1/:workspace/preference_category/", [
    "GET /v1/:workspace/preference_category/",
  ]);
  const parsed = parse(text);
  const submit = () => {
    setProblem(null);
    if (parsed === null) return setProblem(new Error(t.workflow.save.invalid));
    save.mutate({ query: { commit: "true", commit_message: message }, body: parsed } as never, {
      onSuccess: ({ validation_result }) => {
        if (!validation_result.is_valid) {
          return setProblem(new Error(validation_result.errors.join("\n")));
        }
        notify(t.category.nowLive);
        onClose();
      },
    });
  };
  return (
    <FormDialog
      title={t.category.edit}
      isOpen
      isWide
      onClose={onClose}
      submit={t.workflow.commit}
      error={save.error}
      isPending={save.isPending}
      onSubmit={submit}
    >
      <Suspense fallback={<Loading />}>
        <JsonEditor value={text} label={t.category.document} onChange={setText} />
      </Suspense>
      {problem === null ? null : <Failure error={problem} />}
      {parsed === null || live === undefined ? null : (
        <Suspense fallback={<Loading />}>
          <Diff
            before={{ root_categories: live.root_categories }}
            after={parsed}
            label={t.workflow.changes}
          />
        </Suspense>
      )}
      <Field label={t.workflow.commitMessage} isRequired value={message} onChange={setMessage} />
    </FormDialog>
  );
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
