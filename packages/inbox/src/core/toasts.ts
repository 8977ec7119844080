import { createCell } from "./signals.ts";
import type { Item, Toast, ToastOptions, Toasts } from "./types.ts";

export interface ToastQueue extends Toasts {
  /** Newest first, as items are listed. */
  add: (items: readonly Item[]) => void;
  /** Takes those away whose item was read, archived or snoozed meanwhile, and shows the others as they are now. */
  review: (find: (id: string) => Item | undefined) => void;
  clear: () => void;
}

/**
 * A few at once; as many again wait, the oldest of them giving way, so that coming back after a night shows the latest
 * and not an hour of toasts.
 */
export function createToasts({ max = 3, duration = 6_000 }: ToastOptions = {}): ToastQueue {
  const shown = createCell<readonly Toast[]>([]);
  let waiting: Toast[] = [];
  let isPaused = false;
  const timers = new Map<string, ReturnType<typeof setTimeout>>();

  function arrange(toasts: readonly Toast[]): void {
    const free = Math.max(0, max - toasts.length);
    const next = [...toasts, ...waiting.slice(0, free)];
    waiting = waiting.slice(free);
    for (const [id, timer] of timers) {
      if (!isPaused && next.some((toast) => toast.id === id)) continue;
      clearTimeout(timer);
      timers.delete(id);
    }
    for (const { id } of next) {
      if (isPaused || duration <= 0 || timers.has(id)) continue;
      timers.set(
        id,
        setTimeout(() => dismiss(id), duration),
      );
    }
    shown.set(next);
  }

  function dismiss(id: string): void {
    waiting = waiting.filter((toast) => toast.id !== id);
    const left = shown.get().filter((toast) => toast.id !== id);
    if (left.length < shown.get().length) arrange(left);
  }

  return {
    getState: shown.get,
    onChange: shown.onChange,
    dismiss,
    pause() {
      isPaused = true;
      arrange(shown.get());
    },
    resume() {
      isPaused = false;
      arrange(shown.get());
    },
    add(items) {
      if (max <= 0) return;
      const toasts = items.map((item) => ({ id: item.n_id, item })).reverse();
      const isThere = (id: string) => [...shown.get(), ...waiting].some((toast) => toast.id === id);
      const free = Math.max(0, max - shown.get().length);
      waiting = [...waiting, ...toasts.filter(({ id }) => !isThere(id))];
      waiting = waiting.slice(-(max + free));
      arrange(shown.get());
    },
    review(find) {
      const renew = (toasts: readonly Toast[]) =>
        toasts.flatMap((toast) => {
          const item = find(toast.id);
          if (item === undefined || item.read_on !== null || item.archived || item.snoozed_until !== null)
            return [];
          return [item === toast.item ? toast : { id: toast.id, item }];
        });
      if (shown.get().length === 0) return;
      waiting = renew(waiting);
      const left = renew(shown.get());
      if (left.length < shown.get().length || left.some((toast, at) => toast !== shown.get()[at]))
        arrange(left);
    },
    clear() {
      waiting = [];
      arrange([]);
    },
  };
}
