import { keepList } from "../state/same.ts";
import { createCell } from "../signals.ts";
import type { Item, Toast, ToastOptions, Toasts } from "../types.ts";

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
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  let queue: readonly Toast[] = [];
  let isPaused = false;

  function set(next: readonly Toast[]): void {
    queue = next;
    const list = queue.slice(0, max);
    for (const [id, timer] of timers) {
      if (!isPaused && list.some((toast) => toast.id === id)) continue;
      clearTimeout(timer);
      timers.delete(id);
    }
    for (const { id } of list) {
      if (isPaused || duration <= 0 || timers.has(id)) continue;
      timers.set(
        id,
        setTimeout(() => dismiss(id), duration),
      );
    }
    shown.set(keepList(shown.get(), list));
  }
  function pause(paused: boolean): void {
    isPaused = paused;
    set(queue);
  }
  const dismiss = (id: string) => set(queue.filter((toast) => toast.id !== id));

  return {
    getState: shown.get,
    onChange: shown.onChange,
    dismiss,
    pause: () => pause(true),
    resume: () => pause(false),
    add(items) {
      const fresh = items.filter(({ n_id }) => !queue.some(({ id }) => id === n_id));
      const waiting = [...queue.slice(max), ...fresh.map((item) => ({ id: item.n_id, item })).reverse()];
      const before = queue.slice(0, max);
      const room = 2 * max - before.length;
      set([...before, ...waiting.slice(Math.max(0, waiting.length - room))]);
    },
    review(find) {
      if (queue.length === 0) return;
      const current = queue.flatMap((toast) => {
        const item = find(toast.id);
        if (item === undefined || item.read_on !== null || item.archived) return [];
        return [item === toast.item ? toast : { id: toast.id, item }];
      });
      set(current);
    },
    clear: () => set([]),
  };
}
