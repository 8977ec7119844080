import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { itemOf } from "../../../test/items.ts";
import { createToasts, type ToastQueue } from "./toasts.ts";

/** Newest first, as they are handed over. */
const arrive = (toasts: ToastQueue, ...ids: string[]) =>
  toasts.add(ids.reverse().map((n_id) => itemOf({ n_id })));
const shown = (toasts: ToastQueue) => toasts.getState().map(({ id }) => id);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("toasts", () => {
  it("are shown oldest first, three at once; others wait for one to go", () => {
    const toasts = createToasts();
    arrive(toasts, "a", "b", "c", "d");
    expect(shown(toasts)).toEqual(["a", "b", "c"]);
    toasts.dismiss("b");
    expect(shown(toasts)).toEqual(["a", "c", "d"]);
  });

  it("are the latest ones after a long absence, not all of them", () => {
    const toasts = createToasts({ max: 2 });
    arrive(toasts, "a", "b", "c", "d", "e", "f");
    expect(shown(toasts)).toEqual(["c", "d"]);
    toasts.dismiss("c");
    toasts.dismiss("d");
    toasts.dismiss("e");
    toasts.dismiss("f");
    expect(shown(toasts)).toEqual([]);
  });

  it("go after their time", () => {
    const toasts = createToasts({ duration: 1_000 });
    arrive(toasts, "a");
    vi.advanceTimersByTime(999);
    expect(shown(toasts)).toEqual(["a"]);
    vi.advanceTimersByTime(1);
    expect(shown(toasts)).toEqual([]);
  });

  it("stay while the pointer is on them, and then for their time", () => {
    const toasts = createToasts({ duration: 1_000 });
    arrive(toasts, "a");
    toasts.pause();
    arrive(toasts, "b");
    vi.advanceTimersByTime(60_000);
    expect(shown(toasts)).toEqual(["a", "b"]);
    toasts.resume();
    vi.advanceTimersByTime(1_000);
    expect(shown(toasts)).toEqual([]);
  });

  it("stay until they are dismissed where they have no time", () => {
    const toasts = createToasts({ duration: 0 });
    arrive(toasts, "a");
    vi.advanceTimersByTime(1e9);
    expect(shown(toasts)).toEqual(["a"]);
  });

  it("go when their item is read or put away, and show what became of it otherwise", () => {
    const toasts = createToasts();
    arrive(toasts, "a", "b", "c", "d");
    const seen = itemOf({ n_id: "c", seen_on: 5 });
    const items = new Map([
      ["a", itemOf({ n_id: "a", read_on: 5 })],
      ["b", itemOf({ n_id: "b", archived: true })],
      ["c", seen],
    ]);
    toasts.review((id) => items.get(id));
    expect(toasts.getState()).toEqual([{ id: "c", item: seen }]);
  });

  it("are one for each item", () => {
    const toasts = createToasts();
    arrive(toasts, "a");
    arrive(toasts, "a", "b");
    expect(shown(toasts)).toEqual(["a", "b"]);
  });

  it("say that they changed, and only then", () => {
    const toasts = createToasts();
    let calls = 0;
    toasts.onChange(() => (calls += 1));
    arrive(toasts, "a");
    toasts.dismiss("other");
    expect(calls).toBe(1);
  });
});
