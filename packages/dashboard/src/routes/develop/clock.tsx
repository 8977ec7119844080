import { useState } from "react";
import { Button, Form } from "react-aria-components";
import { useApiMutation, useApiQuery, useRight } from "../../api/hooks.ts";
import { t } from "../../messages/en.ts";
import { notifyError } from "../../shell/toasts.tsx";
import { Field } from "../../ui/field.tsx";
import { OutcomeBadge } from "../../ui/outcome.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { Ready } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { DevelopTabs } from "./develop-tabs.tsx";

const CHANGED = ["GET /v1/:workspace/clock/"] as const;
const STEPS = ["1h", "1d", "7d"];

/** The workspace's time, which can be stopped and moved on: whatever becomes due on the way is done. */
export default function Clock() {
  const mayWrite = useRight("settings.write");
  const clock = useApiQuery("GET /v1/:workspace/clock/", {}, { every: 1000 });
  const [by, setBy] = useState("3d");
  const freeze = useApiMutation("POST /v1/:workspace/clock/freeze/", CHANGED);
  const advance = useApiMutation("POST /v1/:workspace/clock/advance/", CHANGED);
  const reset = useApiMutation("POST /v1/:workspace/clock/reset/", CHANGED);
  const move = (by: string) => advance.mutate({ body: { by } }, { onError: notifyError });
  return (
    <Page title={t.develop.page.clock} lead={t.develop.clockLead}>
      <DevelopTabs current="clock" />
      <Ready of={clock}>
        {({ now, frozen, offset_seconds, advancing_to }) => (
          <Card title={t.develop.now}>
            <div className="stack">
              <Facts
                of={[
                  [t.log.column.time, <Time key="n" at={now} seconds />],
                  [
                    t.log.column.status,
                    frozen ? (
                      <OutcomeBadge key="f" outcome="waiting" word={t.develop.frozen} />
                    ) : (
                      <OutcomeBadge key="r" outcome="delivered" word={t.develop.runs} />
                    ),
                  ],
                  [t.develop.ahead, offset_seconds === 0 ? null : `${offset_seconds} s`],
                  [t.develop.advancingTo, advancing_to === null ? null : <Time key="a" at={advancing_to} />],
                ]}
              />
              {mayWrite ? (
                <>
                  <Form
                    className="query end"
                    onSubmit={(event) => {
                      event.preventDefault();
                      move(by);
                    }}
                  >
                    <Field label={t.develop.advanceBy} isRequired value={by} onChange={setBy} />
                    <Button className="button primary" type="submit" isDisabled={advance.isPending}>
                      {t.develop.advance}
                    </Button>
                    {STEPS.map((step) => (
                      <Button key={step} className="button" onPress={() => move(step)}>
                        + {step}
                      </Button>
                    ))}
                  </Form>
                  <div className="actions">
                    <Button
                      className="button"
                      isDisabled={frozen}
                      onPress={() => freeze.mutate({ body: {} }, { onError: notifyError })}
                    >
                      {t.develop.freeze}
                    </Button>
                    <Button
                      className="button"
                      isDisabled={!frozen && offset_seconds === 0}
                      onPress={() => reset.mutate({}, { onError: notifyError })}
                    >
                      {t.develop.reset}
                    </Button>
                  </div>
                </>
              ) : null}
            </div>
          </Card>
        )}
      </Ready>
    </Page>
  );
}
