import type { ReactNode } from "react";
import { Button, Dialog, Form, Heading, Modal, ModalOverlay } from "react-aria-components";
import { t } from "../messages/en.ts";
import { Failure } from "./states.tsx";

/** A form in a dialog: it stays open, with the server's words, until the server took it. */
export function FormDialog({
  title,
  isOpen,
  onClose,
  onSubmit,
  submit,
  error = null,
  isPending = false,
  canSubmit = true,
  isDanger = false,
  isWide = false,
  children,
}: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  onSubmit: () => void;
  submit: string;
  error?: unknown;
  isPending?: boolean;
  /** False: something is missing that the form itself does not ask for. */
  canSubmit?: boolean;
  isDanger?: boolean;
  isWide?: boolean;
  children: ReactNode;
}) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      isDismissable={!isPending}
      onOpenChange={(open) => !open && onClose()}
    >
      <Modal className={isWide ? "modal wide" : "modal"}>
        <Dialog className="dialog">
          <Heading slot="title">{title}</Heading>
          <Form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              onSubmit();
            }}
          >
            {children}
            {error === null || error === undefined ? null : <Failure error={error} />}
            <div className="dialog-actions">
              <Button className="button" onPress={onClose}>
                {t.common.cancel}
              </Button>
              <Button
                className={isDanger ? "button danger primary" : "button primary"}
                type="submit"
                isDisabled={isPending || !canSubmit}
              >
                {submit}
              </Button>
            </div>
          </Form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
