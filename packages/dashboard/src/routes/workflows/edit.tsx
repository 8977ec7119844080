import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { callApi } from "../../api/client.ts";
import { useAccess, useApiMutation, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { useKeys } from "../../shell/keys.tsx";
import { notify } from "../../shell/toasts.tsx";
import { Field } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Card } from "../../ui/page.tsx";
import { Loading, Ready } from "../../ui/states.tsx";
import { definitionOf, textOf } from "./definition.ts";
import { useWorkflow, WorkflowFrame } from "./frame.tsx";
import type { WorkflowView } from "./list.tsx";
import { Problems } from "./overview.tsx";
import { useParam } from "../use-param.ts";

const JsonEditor = lazy(() => import("../../ui/json-editor.tsx"));
const Diff = lazy(() => import("../../ui/diff.tsx"));

/** The draft as JSON: saved as it is typed, checked by the server, committed with words. */
export default function WorkflowEdit() {
  const slug = useParam("slug");
  const reading = useWorkflow(slug);
  const [isCommitting, setCommitting] = useState(false);
  const mayWrite = useRight("content.write");
  const { draft, live } = reading;
  useKeys([{ keys: "mod+Enter", group: "act", label: t.keys.commit, run: () => setCommitting(true) }]);
  const isSame = draft !== undefined && live !== undefined && draft.hash === live.hash;
  return (
    <WorkflowFrame
      slug={slug}
      tab="edit"
      reading={reading}
      actions={
        mayWrite ? (
          <Button
            className="button primary"
            isDisabled={draft === undefined || isSame || !draft.validation_result.is_valid}
            onPress={() => setCommitting(true)}
          >
            {isSame ? t.workflow.nothingToCommit : t.workflow.commit}
          </Button>
        ) : null
      }
    >
      <Ready of={{ ...reading, data: draft }}>
        {(draft) => (
          <>
            <Editor key={slug} slug={slug} draft={draft} isReadOnly={!mayWrite} />
            <Problems workflow={draft} />
            {live === undefined ? null : (
              <Card title={t.workflow.changes} flush>
                <Suspense fallback={<Loading />}>
                  <Diff before={definitionOf(live)} after={definitionOf(draft)} label={t.workflow.changes} />
                </Suspense>
              </Card>
            )}
            {isCommitting ? <Commit slug={slug} onClose={() => setCommitting(false)} /> : null}
          </>
        )}
      </Ready>
    </WorkflowFrame>
  );
}

const IDLE_MS = 600;

type SaveState =
  | { is: "saved"; at: Date | null }
  | { is: "unsaved" | "saving" | "invalid" }
  | { is: "conflict"; theirs: WorkflowView }
  | { is: "failed"; error: unknown };

/**
 * What is typed is in this browser at once and on the server when the typing rests. A draft that someone else changed
 * meanwhile is not overwritten: both are kept until one is chosen.
 */
function Editor({ slug, draft, isReadOnly }: { slug: string; draft: WorkflowView; isReadOnly: boolean }) {
  const access = useAccess();
  const journal = `carillon.draft.${access.workspace}.${slug}`;
  const [text, setText] = useState(() => localStorage.getItem(journal) ?? textOf(draft));
  const [state, setState] = useState<SaveState>(() => ({
    is: localStorage.getItem(journal) === null ? "saved" : "unsaved",
    at: null,
  }));
  const base = useRef(draft.hash);
  const save = useApiMutation("POST /v1/:workspace/workflow/:slug/", [
    "GET /v1/:workspace/workflow/:slug/",
    "GET /v1/:workspace/workflow/",
  ]);
  const { mutateAsync } = save;
  useEffect(() => {
    if (state.is !== "unsaved") return;
    const timer = setTimeout(() => void store(), IDLE_MS);
    return () => clearTimeout(timer);

    async function store() {
      const body = parse(text);
      if (body === null) return setState({ is: "invalid" });
      setState({ is: "saving" });
      try {
        const now = await callApi("GET /v1/:workspace/workflow/:slug/", access, {
          params: { slug },
          query: { mode: "draft" },
        });
        if (now.hash !== base.current) return setState({ is: "conflict", theirs: now });
        const saved = await mutateAsync({ params: { slug }, body });
        base.current = saved.hash;
        localStorage.removeItem(journal);
        setState({ is: "saved", at: new Date() });
      } catch (error) {
        setState({ is: "failed", error });
      }
    }
  }, [state, text, access, slug, journal, mutateAsync]);
  const change = (text: string) => {
    localStorage.setItem(journal, text);
    setText(text);
    setState({ is: "unsaved" });
  };
  return (
    <div className="stack tight">
      <Saved
        state={state}
        onRetry={() => setState({ is: "unsaved" })}
        onTheirs={(theirs) => {
          base.current = theirs.hash;
          localStorage.removeItem(journal);
          setText(textOf(theirs));
          setState({ is: "saved", at: null });
        }}
        onMine={(theirs) => {
          base.current = theirs.hash;
          setState({ is: "unsaved" });
        }}
      />
      <Suspense fallback={<Loading />}>
        <JsonEditor value={text} label={t.workflow.definition} isReadOnly={isReadOnly} onChange={change} />
      </Suspense>
    </div>
  );
}

function Saved({
  state,
  onRetry,
  onTheirs,
  onMine,
}: {
  state: SaveState;
  onRetry: () => void;
  onTheirs: (theirs: WorkflowView) => void;
  onMine: (theirs: WorkflowView) => void;
}) {
  return (
    <div className="actions" role="status">
      <span className={state.is === "failed" || state.is === "invalid" ? "field-error" : "soft small"}>
        {state.is === "saved" && state.at !== null
          ? t.workflow.savedAt(state.at.toLocaleTimeString())
          : state.is === "failed"
            ? t.workflow.saveFailed(state.error instanceof Error ? state.error.message : "")
            : t.workflow.save[state.is]}
      </span>
      {state.is === "failed" ? (
        <Button className="button" onPress={onRetry}>
          {t.common.retry}
        </Button>
      ) : null}
      {state.is === "conflict" ? (
        <>
          <Button className="button" onPress={() => onTheirs(state.theirs)}>
            {t.workflow.takeTheirs}
          </Button>
          <Button className="button" onPress={() => onMine(state.theirs)}>
            {t.workflow.keepMine}
          </Button>
        </>
      ) : null}
    </div>
  );
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function Commit({ slug, onClose }: { slug: string; onClose: () => void }) {
  const [message, setMessage] = useState("");
  const commit = useApiMutation("PATCH /v1/:workspace/workflow/:slug/commit/", [
    "GET /v1/:workspace/workflow/:slug/",
    "GET /v1/:workspace/workflow/:slug/version/",
    "GET /v1/:workspace/workflow/",
  ]);
  return (
    <FormDialog
      title={t.workflow.commitTitle}
      isOpen
      onClose={onClose}
      submit={t.workflow.commit}
      error={commit.error}
      isPending={commit.isPending}
      onSubmit={() =>
        commit.mutate(
          { params: { slug }, query: { commit_message: message } },
          {
            onSuccess: () => {
              notify(t.workflow.nowLive);
              onClose();
            },
          },
        )
      }
    >
      <Field
        label={t.workflow.commitMessage}
        help={t.workflow.commitHelp}
        isRequired
        value={message}
        onChange={setMessage}
      />
    </FormDialog>
  );
}
