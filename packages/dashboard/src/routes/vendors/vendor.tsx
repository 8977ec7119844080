import { useRouter } from "@tanstack/react-router";
import { PlugZap, SendHorizontal } from "lucide-react";
import { useState } from "react";
import { Button, Checkbox, CheckboxGroup, Form, Label } from "react-aria-components";
import { Check } from "lucide-react";
import type { ReplyOf } from "../../api/client.ts";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { notify, notifyError } from "../../shell/toasts.tsx";
import { Code } from "../../ui/code.tsx";
import { Choice, Field } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { OutcomeIcon } from "../../ui/outcome.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { Failure, Ready } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { useParam } from "../use-param.ts";
import { usePaths } from "../use-paths.ts";
import { configOf, fieldsOf, type Setting, settingsOf } from "./settings-form.ts";
import { VendorHealth } from "./list.tsx";

type Vendor = ReplyOf<"GET /v1/:workspace/vendor/">["results"][number];
type Entry = ReplyOf<"GET /v1/:workspace/vendor_catalog/">["results"][number];

const CHANGED = ["GET /v1/:workspace/vendor/", "GET /v1/:workspace/vendor_route/"] as const;
const LANES = ["system", "transactional", "promotional"] as const;

/** A vendor that is connected: its settings, whether they work, and what it was asked lately. */
export default function VendorPage() {
  const id = useParam("id");
  const to = usePaths();
  const vendors = useApiQuery("GET /v1/:workspace/vendor/", { query: {} });
  const catalog = useApiQuery("GET /v1/:workspace/vendor_catalog/", {});
  const vendor = vendors.data?.results.find((one) => one.id === id);
  const entry = catalog.data?.results.find((one) => one.vendor_slug === vendor?.vendor_slug);
  const error = vendors.error ?? catalog.error;
  const isMissing = vendors.data !== undefined && vendor === undefined;
  return (
    <Page
      title={vendor === undefined ? t.nav.vendors : vendor.nickname || vendor.name}
      back={{ to: to.vendors, label: t.nav.vendors }}
      lead={vendor === undefined ? undefined : (t.channel[vendor.channel] ?? vendor.channel)}
      actions={vendor === undefined ? null : <Trials vendor={vendor} />}
    >
      {isMissing ? (
        <Failure error={new Error(t.vendor.missing)} />
      ) : (
        <Ready
          of={{
            data: vendor === undefined || entry === undefined ? undefined : { vendor, entry },
            error,
            refetch: vendors.refetch,
          }}
        >
          {({ vendor, entry }) => (
            <div className="columns">
              <Card title={t.vendor.settings}>
                <Settings key={vendor.updated_at} entry={entry} vendor={vendor} />
              </Card>
              <State vendor={vendor} />
            </div>
          )}
        </Ready>
      )}
    </Page>
  );
}

function State({ vendor }: { vendor: Vendor }) {
  return (
    <div className="stack">
      <Card title={t.vendor.state}>
        <Facts
          of={[
            [
              t.log.column.status,
              <VendorHealth key="h" broken={vendor.broken !== null} held={vendor.held_until !== null} />,
            ],
            [t.vendor.reason, vendor.broken?.reason],
            [t.vendor.since, vendor.broken === null ? null : <Time key="s" at={vendor.broken.since} />],
            [t.vendor.heldUntil, vendor.held_until === null ? null : <Time key="u" at={vendor.held_until} />],
            [t.recipient.changed, <Time key="c" at={vendor.updated_at} />],
          ]}
        />
      </Card>
      {vendor.webhook_url === null ? null : (
        <Card title={t.vendor.callback}>
          <div className="stack tight">
            <Code text={vendor.webhook_url} label={t.vendor.callback} />
            <span className="live" data-on={vendor.has_reported}>
              {vendor.has_reported ? t.vendor.hasReported : t.vendor.awaitsReport}
            </span>
          </div>
        </Card>
      )}
    </div>
  );
}

/** Another vendor, from the catalog. */
export function NewVendor() {
  const slug = useParam("slug");
  const to = usePaths();
  const catalog = useApiQuery("GET /v1/:workspace/vendor_catalog/", {});
  const entry = catalog.data?.results.find((one) => one.vendor_slug === slug);
  return (
    <Page
      title={entry === undefined ? t.vendor.connect : t.vendor.connectOne(entry.name)}
      back={{ to: to.vendors, label: t.nav.vendors }}
      lead={entry === undefined ? undefined : (t.channel[entry.channel] ?? entry.channel)}
    >
      {catalog.data !== undefined && entry === undefined ? (
        <Failure error={new Error(t.vendor.missing)} />
      ) : (
        <Ready of={{ ...catalog, data: entry }}>
          {(entry) => (
            <Card title={t.vendor.settings}>
              <Settings entry={entry} vendor={null} />
            </Card>
          )}
        </Ready>
      )}
    </Page>
  );
}

function Settings({ entry, vendor }: { entry: Entry; vendor: Vendor | null }) {
  const { history } = useRouter();
  const to = usePaths();
  const mayWrite = useRight("vendors.write");
  const settings = settingsOf(entry.settings);
  const [fields, setFields] = useState(() => fieldsOf(settings, vendor?.config ?? {}));
  const [nickname, setNickname] = useState(vendor?.nickname ?? "");
  const [lanes, setLanes] = useState<string[]>(vendor?.categories ?? [...LANES]);
  const [problem, setProblem] = useState<unknown>(null);
  const save = useApiMutation("POST /v1/:workspace/vendor/:vendor/", CHANGED);
  const submit = () => {
    setProblem(null);
    let config: Record<string, unknown>;
    try {
      config = configOf(settings, fields);
    } catch (error) {
      return setProblem(error);
    }
    const categories = LANES.filter((lane) => lanes.includes(lane));
    save.mutate(
      { params: { vendor: entry.vendor_slug }, body: { config, nickname, categories } },
      {
        onSuccess: ({ id }) => {
          notify(t.common.saved);
          if (vendor === null) history.push(to.vendor(id));
        },
      },
    );
  };
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {settings.length === 0 ? <p className="soft">{t.vendor.noSettings}</p> : null}
      {settings.map((setting) => (
        <SettingField
          key={setting.name}
          setting={setting}
          isReadOnly={!mayWrite}
          value={fields[setting.name] ?? ""}
          onChange={(value) => setFields((before) => ({ ...before, [setting.name]: value }))}
        />
      ))}
      <Field
        label={t.vendor.nickname}
        help={t.vendor.nicknameHelp}
        isReadOnly={!mayWrite}
        value={nickname}
        onChange={setNickname}
      />
      <CheckboxGroup className="field" value={lanes} onChange={setLanes} isReadOnly={!mayWrite}>
        <Label>{t.vendor.firstFor}</Label>
        <div className="actions">
          {LANES.map((lane) => (
            <Checkbox key={lane} className="check" value={lane}>
              <span className="check-box">
                <Check size={14} aria-hidden />
              </span>
              {t.home.lane(lane)}
            </Checkbox>
          ))}
        </div>
      </CheckboxGroup>
      {problem === null && save.error === null ? null : <Failure error={problem ?? save.error} />}
      {mayWrite ? (
        <div>
          <Button className="button primary" type="submit" isDisabled={save.isPending}>
            {vendor === null ? t.vendor.connect : t.common.save}
          </Button>
        </div>
      ) : null}
    </Form>
  );
}

function SettingField({
  setting: { title, description, kind, choices, isRequired, name },
  value,
  onChange,
  isReadOnly,
}: {
  setting: Setting;
  value: string;
  onChange: (value: string) => void;
  isReadOnly: boolean;
}) {
  if (kind === "flag") {
    return (
      <Checkbox
        className="check"
        isSelected={value === "true"}
        isReadOnly={isReadOnly}
        onChange={(isOn) => onChange(String(isOn))}
      >
        <span className="check-box">
          <Check size={14} aria-hidden />
        </span>
        <span>
          {title} <span className="field-help">{description}</span>
        </span>
      </Checkbox>
    );
  }
  if (kind === "choice") {
    return (
      <Choice
        label={title}
        value={value}
        onChange={onChange}
        choices={choices.map((id) => ({ id, name: id }))}
      />
    );
  }
  return (
    <Field
      label={title}
      help={description || undefined}
      name={name}
      isRequired={isRequired}
      isReadOnly={isReadOnly}
      type={kind === "secret" ? "password" : "text"}
      autoComplete="off"
      {...(kind === "number" ? { inputMode: "decimal" as const } : {})}
      {...(kind === "json" ? { lines: 5 } : {})}
      value={value}
      onChange={onChange}
    />
  );
}

function Trials({ vendor }: { vendor: Vendor }) {
  const mayWrite = useRight("vendors.write");
  const [isTesting, setTesting] = useState(false);
  const [to, setTo] = useState("");
  const verify = useApiMutation("POST /v1/:workspace/vendor/:vendor/verify/", CHANGED);
  const test = useApiMutation("POST /v1/:workspace/vendor/:vendor/test/", CHANGED);
  const params = { vendor: vendor.id };
  if (!mayWrite) return null;
  return (
    <>
      <Button
        className="button"
        isDisabled={verify.isPending}
        onPress={() =>
          verify.mutate(
            { params },
            {
              onError: notifyError,
              onSuccess: ({ ok, message }) => notify(ok ? t.vendor.verified : (message ?? t.vendor.refused)),
            },
          )
        }
      >
        <PlugZap aria-hidden />
        {t.vendor.verify}
      </Button>
      <Button className="button" onPress={() => setTesting(true)}>
        <SendHorizontal aria-hidden />
        {t.vendor.test}
      </Button>
      <FormDialog
        title={t.vendor.testTitle}
        isOpen={isTesting}
        onClose={() => setTesting(false)}
        submit={t.vendor.test}
        error={test.error}
        isPending={test.isPending}
        onSubmit={() => test.mutate({ params, body: { to: addressIn(to) } })}
      >
        <p className="soft">{t.vendor.testHint}</p>
        <Field label={t.message.address} isRequired value={to} onChange={setTo} />
        {test.data === undefined ? null : (
          <div
            className="notice"
            role="status"
            data-outcome={test.data.outcome === "sent" ? "sent" : "failed"}
          >
            <OutcomeIcon outcome={test.data.outcome === "sent" ? "sent" : "failed"} />
            <span>
              {test.data.message ?? t.vendor.outcome[test.data.outcome]}
              {test.data.code === null ? null : <code> {test.data.code}</code>}
            </span>
          </div>
        )}
      </FormDialog>
    </>
  );
}

/** Addresses of chats and browsers are objects. */
function addressIn(text: string): string | Record<string, unknown> {
  if (!text.trim().startsWith("{")) return text.trim();
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return text;
  }
}
