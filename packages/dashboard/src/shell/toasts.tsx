import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { Button } from "react-aria-components";
import { ApiError } from "../api/client.ts";
import { t } from "../messages/en.ts";

/** Short words about what just happened, at most three at once; each stays until it is read or closed. */
interface Toast {
  id: number;
  text: string;
  action: { label: string; run: () => void } | null;
}

const MOST = 3;
const STAY_MS = 10_000;
const listeners = new Set<() => void>();
let toasts: readonly Toast[] = [];
let next = 1;

function set(now: readonly Toast[]): void {
  toasts = now;
  for (const listener of listeners) listener();
}

export function notify(text: string, action: Toast["action"] = null): void {
  const id = next++;
  set([...toasts, { id, text, action }].slice(-MOST));
  setTimeout(() => dismiss(id), STAY_MS);
}

/** In the server's words, with the id under which its log has the request. */
export function notifyError(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  const id = error instanceof ApiError && error.requestId !== null ? ` (${error.requestId})` : "";
  notify(reason + id);
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

export function ToastRegion() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section className="toasts" aria-label={t.shell.notifications} aria-live="polite">
      {shown.map(({ id, text, action }) => (
        <div key={id} className="toast">
          <span>{text}</span>
          {action === null ? null : (
            <Button
              className="button"
              onPress={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <Button className="button icon" aria-label={t.common.close} onPress={() => dismiss(id)}>
            <X aria-hidden />
          </Button>
        </div>
      ))}
    </section>
  );
}
