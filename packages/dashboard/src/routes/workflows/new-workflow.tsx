import { useRouter } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useApiMutation } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Choice, Field } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { usePaths } from "../use-paths.ts";
import { useCategories } from "./categories.ts";

/** A draft without nodes; the editor is next. */
export function NewWorkflow() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button className="button primary" onPress={() => setOpen(true)}>
        <Plus aria-hidden />
        {t.workflow.new}
      </Button>
      {isOpen ? <Dialog onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function Dialog({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const to = usePaths();
  const categories = useCategories();
  const [name, setName] = useState("");
  const [typedSlug, setSlug] = useState<string | null>(null);
  const [category, setCategory] = useState<string | null>(null);
  const save = useApiMutation("POST /v1/:workspace/workflow/:slug/", ["GET /v1/:workspace/workflow/"]);
  const slug = typedSlug ?? slugOf(name);
  return (
    <FormDialog
      title={t.workflow.new}
      isOpen
      onClose={onClose}
      submit={t.workflow.create}
      error={save.error}
      isPending={save.isPending}
      onSubmit={() =>
        save.mutate(
          {
            params: { slug },
            body: {
              name,
              category: category ?? categories[0]?.id ?? "transactional",
              trigger_type: "api",
              tree: { nodes: [] },
            },
          },
          { onSuccess: () => router.history.push(to.workflow(slug, "edit")) },
        )
      }
    >
      <Field label={t.workflow.name} isRequired value={name} onChange={setName} />
      <Field
        label={t.workflow.slug}
        help={t.workflow.slugHelp}
        isRequired
        pattern="[a-z0-9_\-]+"
        value={slug}
        onChange={setSlug}
      />
      <Choice
        label={t.message.category}
        isRequired
        value={category ?? categories[0]?.id ?? null}
        onChange={setCategory}
        choices={categories}
      />
    </FormDialog>
  );
}

/** `Order confirmed!` as `order-confirmed`. */
function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
}
