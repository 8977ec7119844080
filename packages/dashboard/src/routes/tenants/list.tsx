import { Building2, Plus } from "lucide-react";
import { useState } from "react";
import { useRouter } from "@tanstack/react-router";
import { Button } from "react-aria-components";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { Field } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { AppLink } from "../../ui/link.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Empty, Ready } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { usePaths } from "../use-paths.ts";
import { Swatch } from "./swatch.tsx";

export default function Tenants() {
  const to = usePaths();
  const mayWrite = useRight("content.write");
  const tenants = useApiQuery("GET /v1/tenant/", { query: { limit: "500" } });
  return (
    <Page title={t.nav.tenants} lead={t.tenant.lead} actions={mayWrite ? <NewTenant /> : null}>
      <Ready of={tenants}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={Building2} title={t.tenant.none}>
              <p>{t.tenant.noneHint}</p>
            </Empty>
          ) : (
            <Card label={t.nav.tenants} flush>
              <Table
                label={t.nav.tenants}
                rows={results}
                idOf={({ tenant_id }) => tenant_id}
                cells={[
                  {
                    name: t.workflow.name,
                    cell: ({ tenant_id, tenant_name }) => (
                      <>
                        <AppLink to={to.tenant(tenant_id)}>{tenant_name || tenant_id}</AppLink>{" "}
                        <span className="mono small soft">{tenant_id}</span>
                      </>
                    ),
                  },
                  {
                    name: t.tenant.colour,
                    cell: ({ primary_color }) => <Swatch colour={primary_color} />,
                  },
                  { name: t.tenant.zone, cell: ({ timezone }) => timezone ?? "–" },
                  {
                    name: t.recipient.changed,
                    isFit: true,
                    cell: ({ updated_at }) => <Time at={updated_at} />,
                  },
                ]}
              />
            </Card>
          )
        }
      </Ready>
    </Page>
  );
}

function NewTenant() {
  const { history } = useRouter();
  const to = usePaths();
  const [isOpen, setOpen] = useState(false);
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const save = useApiMutation("POST /v1/tenant/:tenant_id/", ["GET /v1/tenant/"]);
  return (
    <>
      <Button className="button primary" onPress={() => setOpen(true)}>
        <Plus aria-hidden />
        {t.tenant.new}
      </Button>
      <FormDialog
        title={t.tenant.new}
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        submit={t.tenant.create}
        error={save.error}
        isPending={save.isPending}
        onSubmit={() =>
          save.mutate(
            { params: { tenant_id: id }, body: { tenant_name: name } },
            { onSuccess: () => history.push(to.tenant(id)) },
          )
        }
      >
        <Field label={t.workflow.name} isRequired value={name} onChange={setName} />
        <Field label={t.recipient.id} help={t.tenant.idHelp} isRequired value={id} onChange={setId} />
      </FormDialog>
    </>
  );
}
