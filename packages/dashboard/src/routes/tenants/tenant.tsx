import { useState } from "react";
import { Button, Form } from "react-aria-components";
import type { ReplyOf } from "../../api/client.ts";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { notify } from "../../shell/toasts.tsx";
import { Json } from "../../ui/code.tsx";
import { Field } from "../../ui/field.tsx";
import { OutcomeBadge } from "../../ui/outcome.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Failure, Ready } from "../../ui/states.tsx";
import { useParam } from "../use-param.ts";
import { usePaths } from "../use-paths.ts";
import { Swatch } from "./swatch.tsx";

type Tenant = ReplyOf<"GET /v1/tenant/:tenant_id/">;

/** A tenant's branding, which templates use, and what it makes of the categories. */
export default function TenantPage() {
  const id = useParam("id");
  const to = usePaths();
  const params = { tenant_id: id };
  const tenant = useApiQuery("GET /v1/tenant/:tenant_id/", { params });
  return (
    <Page
      title={tenant.data?.tenant_name || id}
      back={{ to: to.tenants, label: t.nav.tenants }}
      lead={<span className="mono small">{id}</span>}
    >
      <Ready of={tenant}>
        {(tenant) => (
          <div className="two">
            <Card title={t.tenant.branding}>
              <Branding key={tenant.updated_at} tenant={tenant} />
            </Card>
            <div className="stack">
              <Preferences id={id} />
              <Card title={t.recipient.properties}>
                <Json value={tenant.properties} label={t.recipient.properties} />
              </Card>
            </div>
          </div>
        )}
      </Ready>
    </Page>
  );
}

const FIELDS = [
  "tenant_name",
  "logo",
  "timezone",
  "primary_color",
  "secondary_color",
  "tertiary_color",
] as const;

function Branding({ tenant }: { tenant: Tenant }) {
  const mayWrite = useRight("content.write");
  const [fields, setFields] = useState<Record<string, string>>(() =>
    Object.fromEntries(FIELDS.map((name) => [name, tenant[name] ?? ""])),
  );
  const save = useApiMutation("POST /v1/tenant/:tenant_id/", [
    "GET /v1/tenant/",
    "GET /v1/tenant/:tenant_id/",
  ]);
  const changed = FIELDS.filter((name) => fields[name] !== (tenant[name] ?? ""));
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        const body = Object.fromEntries(changed.map((name) => [name, fields[name] || null]));
        save.mutate(
          { params: { tenant_id: tenant.tenant_id }, body },
          { onSuccess: () => notify(t.common.saved) },
        );
      }}
    >
      {FIELDS.map((name) => (
        <Field
          key={name}
          label={t.tenant.field[name]}
          isReadOnly={!mayWrite}
          value={fields[name] ?? ""}
          onChange={(value) => setFields((before) => ({ ...before, [name]: value }))}
          help={name.endsWith("_color") ? <Swatch colour={fields[name] ?? null} /> : undefined}
        />
      ))}
      {save.error === null ? null : <Failure error={save.error} />}
      {mayWrite ? (
        <div>
          <Button
            className="button primary"
            type="submit"
            isDisabled={changed.length === 0 || save.isPending}
          >
            {t.common.save}
          </Button>
        </div>
      ) : null}
    </Form>
  );
}

function Preferences({ id }: { id: string }) {
  const reading = useApiQuery("GET /v1/tenant/:tenant_id/preference/", {
    params: { tenant_id: id },
    query: {},
  });
  return (
    <Card title={t.nav.preferences} flush>
      <Ready of={reading}>
        {({ root_categories }) => {
          const all = root_categories.flatMap(({ sections }) =>
            sections.flatMap(({ categories }) => categories),
          );
          if (all.length === 0) return <p className="card-body soft">{t.category.none}</p>;
          return all.map(({ category, name, preference, default_preference }) => (
            <div key={category} className="list-row">
              <span>
                {name} <span className="mono small soft">{category}</span>
              </span>
              <OutcomeBadge
                outcome={(preference ?? default_preference) === "opt_out" ? "not_sent" : "delivered"}
                word={t.category.preference(preference ?? default_preference)}
              />
            </div>
          ));
        }}
      </Ready>
    </Card>
  );
}
