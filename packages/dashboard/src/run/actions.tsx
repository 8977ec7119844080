import { Ban, RotateCcw } from "lucide-react";
import { Button } from "react-aria-components";
import { useApiMutation, useRight } from "../api/hooks.ts";
import { t } from "../messages/en.ts";
import { notify, notifyError } from "../shell/toasts.tsx";
import { CopyCall } from "../ui/copy-call.tsx";

const LOGS = [
  "GET /v1/:workspace/log/execution/:execution_id/",
  "GET /v1/:workspace/log/execution/",
  "GET /v1/:workspace/log/request/",
  "GET /v1/message/",
  "GET /v1/:workspace/redrive/",
] as const;

/** Putting back what failed, and cancelling what waits. The server refuses what cannot be, and says why. */
export function RunActions({
  kind,
  id,
  canRedrive,
  canCancel,
}: {
  kind: "requests" | "executions" | "messages";
  id: string;
  canRedrive: boolean;
  canCancel: boolean;
}) {
  const redrive = useApiMutation("POST /v1/:workspace/redrive/", LOGS);
  const cancel = useApiMutation("POST /v1/workflow_run/cancel/", LOGS);
  const mayAct = useRight("logs.act");
  const redriveBody = { [kind]: [id] };
  const cancelBody = { execution_id: id };
  if (!mayAct) return null;
  return (
    <>
      {canRedrive ? (
        <Button
          className="button"
          isDisabled={redrive.isPending}
          onPress={() =>
            redrive.mutate(
              { body: { ...redriveBody, include_ambiguous: false, dry_run: false } },
              {
                onError: notifyError,
                onSuccess: (reply) => {
                  const { redriven, refusals } = reply[kind];
                  notify(redriven > 0 ? t.run.redriven : (refusals[0]?.reason ?? t.run.nothingRedriven));
                },
              },
            )
          }
        >
          <RotateCcw aria-hidden />
          {t.run.redrive}
        </Button>
      ) : null}
      {canCancel ? (
        <Button
          className="button danger"
          isDisabled={cancel.isPending}
          onPress={() =>
            cancel.mutate(
              { body: cancelBody },
              {
                onError: notifyError,
                onSuccess: ({ execution_ids }) =>
                  notify(execution_ids.length > 0 ? t.run.cancelled : t.run.nothingCancelled),
              },
            )
          }
        >
          <Ban aria-hidden />
          {t.run.cancel}
        </Button>
      ) : null}
      {canRedrive ? (
        <CopyCall
          route="POST /v1/:workspace/redrive/"
          call={{ body: redriveBody }}
          sdk={`await carillon.redrive.run(${JSON.stringify(redriveBody)});`}
        />
      ) : canCancel ? (
        <CopyCall
          route="POST /v1/workflow_run/cancel/"
          call={{ body: cancelBody }}
          sdk={`await carillon.workflows.cancel(${JSON.stringify(cancelBody)});`}
        />
      ) : null}
    </>
  );
}
