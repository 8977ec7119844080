import { useAccess, useApiQuery } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Code } from "../../ui/code.tsx";

/** A trigger of a workflow that is there, as it would be typed. */
export function TriggerSnippet({ workflow, recipient = "ada" }: { workflow?: string; recipient?: string }) {
  const { workspace } = useAccess();
  const workflows = useApiQuery("GET /v1/:workspace/workflow/", { query: { mode: "live", limit: "1" } });
  const slug = workflow ?? workflows.data?.results[0]?.slug ?? "order-confirmed";
  const body = JSON.stringify({ workflow: slug, recipients: [{ distinct_id: recipient }], data: {} });
  const text = [
    `curl ${location.origin}/trigger/ \\`,
    `  -H 'Authorization: Bearer <${t.common.apiKeyOf(workspace)}>' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${body}'`,
  ].join("\n");
  return <Code text={text} label={t.log.triggerSnippet} />;
}
