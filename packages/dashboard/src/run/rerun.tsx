import { useEffect, useRef } from "react";
import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useApiMutation, useApiQuery } from "../api/hooks.ts";
import type { DryRun, RequestRow, RunDetail } from "../api/wire.ts";
import { t } from "../messages/en.ts";
import { Failure, Loading } from "../ui/states.tsx";
import { DryRunResult } from "./dry-run-result.tsx";

/**
 * What the workflow would do with the same payload for the same recipient now, as it is now. Nothing is sent: it is a dry
 * run of the API.
 */
export function Rerun({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const request = useApiQuery("GET /v1/:workspace/log/request/", {
    query: { request_id: run.request_id, limit: "1" },
  });
  const row = request.data?.results[0] as unknown as RequestRow | undefined;
  const trial = useApiMutation("POST /trigger/");
  const begun = useRef(false);
  const { mutate } = trial;
  useEffect(() => {
    if (row === undefined || begun.current) return;
    begun.current = true;
    const payload = isRecord(row.payload) ? row.payload : {};
    const data = payload.data ?? payload.properties ?? {};
    mutate({
      query: { dry_run: "true" },
      body: {
        workflow: run.workflow_slug,
        recipients: [recipientBody(run.recipient)],
        data,
        ...(run.tenant_id === "default" ? {} : { tenant_id: run.tenant_id }),
      },
    } as never);
  }, [row, mutate, run]);
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal wide">
        <Dialog className="dialog">
          <Heading slot="title">{t.run.rerunTitle}</Heading>
          <p className="soft">{t.run.rerunHint}</p>
          {trial.error === null && request.error === null ? null : (
            <Failure error={trial.error ?? request.error} />
          )}
          {trial.data === undefined && trial.error === null && request.error === null ? <Loading /> : null}
          {trial.data === undefined ? null : <DryRunResult reply={trial.data as unknown as DryRun} />}
          <div className="dialog-actions">
            <Button className="button" onPress={onClose}>
              {t.common.close}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function recipientBody(name: string): object {
  const slash = name.indexOf("/");
  return slash < 1 ? { distinct_id: name } : { object_type: name.slice(0, slash), id: name.slice(slash + 1) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
