import { SendHorizontal, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { type ApiError, callApi, type ReplyOf } from "../../api/client.ts";
import { useQuery } from "@tanstack/react-query";
import { useAccess, useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Rendered } from "../../run/rendered.tsx";
import { notify, notifyError } from "../../shell/toasts.tsx";
import { Json } from "../../ui/code.tsx";
import { Field } from "../../ui/field.tsx";
import { Card } from "../../ui/page.tsx";
import { Failure, Loading, Ready } from "../../ui/states.tsx";

export type Variant = ReplyOf<"GET /v2/:workspace/template/:slug/variant/">["results"][number];

const IDLE_MS = 400;

/** A variant through the server's own renderer: what is shown is what would be sent with this payload. */
export function VariantPreview({ slug, variant }: { slug: string; variant: Variant }) {
  const access = useAccess();
  const { channel, id } = variant;
  const params = { slug, channel, id };
  const which = { mode: "draft" } as const;
  const mock = useApiQuery("GET /v2/:workspace/template/:slug/mock_data/", {
    params: { slug },
    query: { mode: "draft" },
  });
  const source = useApiQuery("GET /v2/:workspace/template/:slug/channel/:channel/variant/:id/", {
    params,
    query: which,
  });
  const mayTest = useRight("content.test");
  const [typed, setTyped] = useState<string | null>(null);
  const stored = JSON.stringify(mock.data?.data.payload ?? {}, null, 2);
  const text = typed ?? stored;
  const settled = useSettled(text);
  const payload = parse(settled);
  const preview = useQuery<
    ReplyOf<"POST /v2/:workspace/template/:slug/channel/:channel/variant/:id/preview/">,
    ApiError
  >({
    queryKey: [access.workspace, "preview", params, which, settled],
    enabled: mayTest && mock.data !== undefined && payload !== null,
    placeholderData: (before) => before,
    retry: false,
    queryFn: ({ signal }) =>
      callApi("POST /v2/:workspace/template/:slug/channel/:channel/variant/:id/preview/", access, {
        params,
        query: which,
        body: { mock_data: { payload: payload ?? {} } },
        signal,
      }),
  });
  return (
    <div className="stack">
      <Card title={t.template.preview} actions={mayTest ? <SendTest slug={slug} variant={variant} /> : null}>
        {mayTest ? null : <p className="soft">{t.template.mayNotPreview}</p>}
        {preview.error === null ? null : <Failure error={preview.error} />}
        {mayTest && preview.data === undefined && preview.error === null ? <Loading /> : null}
        {preview.data === undefined ? null : (
          <div className="stack">
            <Missing errors={preview.data.errors} />
            {preview.data.content === null ? null : <Rendered content={preview.data.content} />}
          </div>
        )}
      </Card>
      {mayTest ? (
        <Card title={t.template.mockData}>
          <Field
            label={t.request.payload}
            help={payload === null ? t.template.noJson : t.template.mockHelp}
            isInvalid={payload === null}
            lines={8}
            value={text}
            onChange={setTyped}
          />
        </Card>
      ) : null}
      <Card title={t.template.source}>
        <Ready of={source}>{({ content = {} }) => <Json value={content} label={t.template.source} />}</Ready>
      </Card>
    </div>
  );
}

function Missing({ errors }: { errors: Record<string, string[]> }) {
  const list = Object.entries(errors);
  if (list.length === 0) return null;
  return (
    <div className="notice" data-outcome="failed">
      <TriangleAlert aria-hidden />
      <ul className="stack tight">
        {list.map(([field, reasons]) => (
          <li key={field}>
            <code>{field}</code> {reasons.join(" ")}
          </li>
        ))}
      </ul>
    </div>
  );
}

function SendTest({ slug, variant }: { slug: string; variant: Variant }) {
  const send = useApiMutation("POST /v2/:workspace/template/:slug/channel/:channel/variant/:id/mock_test/");
  const { channel, id } = variant;
  return (
    <Button
      className="button"
      isDisabled={send.isPending}
      onPress={() =>
        send.mutate(
          { params: { slug, channel, id }, query: { mode: "draft" }, body: {} },
          { onError: notifyError, onSuccess: () => notify(t.template.testSent) },
        )
      }
    >
      <SendHorizontal aria-hidden />
      {t.template.sendTest}
    </Button>
  );
}

/** The text once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), IDLE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
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
