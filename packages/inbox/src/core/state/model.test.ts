import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editOf, itemOf, listOf, pageOf, SINGLE } from "../../../test/items.ts";
import { applyEdit, compareKeys, type Edit, keyOf } from "./item.ts";
import { createModel, type Message, type Model, reduce } from "./model.ts";
import type { Item, Store } from "../types.ts";
import { createView } from "./view.ts";

const STORES: Store[] = [
  { id: "all" },
  { id: "unread", query: { read: false } },
  { id: "put-away", query: { archived: true } },
];

const start = (stores = STORES) => createModel(stores, 0);
const run = (messages: Message[], model = start()) => messages.reduce(reduce, model);
const idsOf = (model: Model, store: string) =>
  createView()
    .stateOf(model)
    .stores[store]?.items.map(({ n_id }) => n_id);

/** Items 1 to `count`, the last one the newest; each came by the change of its number. */
const items = (count: number, some: Partial<Item> = {}) =>
  Array.from({ length: count }, (_, at) => {
    const n = at + 1;
    return itemOf({ n_id: `i${n}`, created_on: n * 10, seq: n, ...some });
  });

function loaded(
  all: Item[],
  size = 2,
  counts: Record<string, number> = { badge: 0, all: all.length },
): Model {
  const seq = Math.max(0, ...all.map((item) => item.seq));
  const pages = { all: pageOf(listOf(all, { id: "all" }), seq, size) };
  return run([{ type: "restart", seq, counts, pages }]);
}

describe("a list", () => {
  it("has nothing before its first page", () => {
    expect(createView().stateOf(start()).stores.all).toEqual({
      items: [],
      status: "idle",
      hasMore: true,
      unread: 0,
    });
  });

  it("has what is loaded, and takes in what is newer", () => {
    const model = loaded(items(4));
    expect(idsOf(model, "all")).toEqual(["i4", "i3"]);
    const newer = itemOf({ n_id: "i5", created_on: 50, seq: 5 });
    const after = reduce(model, { type: "changes", seq: 5, items: [newer] });
    expect(idsOf(after, "all")).toEqual(["i5", "i4", "i3"]);
  });

  it("does not show what changed beyond its end, which a page brings later", () => {
    const model = loaded(items(4));
    const [first] = items(1);
    const changed = { ...(first as Item), seen_on: 1, seq: 5 };
    const after = reduce(model, { type: "changes", seq: 5, items: [changed] });
    expect(idsOf(after, "all")).toEqual(["i4", "i3"]);
    const rest = { items: items(2).reverse(), seq: 5, hasMore: false };
    expect(idsOf(reduce(after, { type: "page", store: "all", page: rest }), "all")).toEqual([
      "i4",
      "i3",
      "i2",
      "i1",
    ]);
  });

  it("keeps the newer state of an item, whichever comes last", () => {
    const model = loaded(items(2));
    const read = { ...(items(2)[1] as Item), read_on: 5, seq: 3 };
    const old = { type: "page", store: "unread", page: { items: items(2), seq: 2, hasMore: false } } as const;
    const after = run([{ type: "changes", seq: 3, items: [read] }, old], model);
    expect(idsOf(after, "unread")).toEqual(["i1"]);
  });

  it("does not go back when a page comes twice", () => {
    const all = items(6);
    const list = listOf(all, { id: "all" });
    const model = loaded(all);
    const second = { items: list.slice(2, 4), seq: 6, hasMore: true };
    const third = { items: list.slice(4), seq: 6, hasMore: false };
    const after = [second, third, second].reduce(
      (model, page) => reduce(model, { type: "page", store: "all", page }),
      model,
    );
    expect(idsOf(after, "all")).toHaveLength(6);
    expect(createView().stateOf(after).stores.all?.hasMore).toBe(false);
  });

  it("loses an expired item at its time", () => {
    const model = loaded(items(2, { expiry: 500 }));
    expect(idsOf(reduce(model, { type: "tick", now: 499 }), "all")).toHaveLength(2);
    expect(idsOf(reduce(model, { type: "tick", now: 500 }), "all")).toEqual([]);
  });
});

describe("an edit", () => {
  it("shows at once, and goes with the change that has it", () => {
    const model = run([{ type: "edited", edits: [editOf("read", { ids: ["i2"] })] }], loaded(items(2)));
    const view = createView();
    expect(view.stateOf(model)).toMatchObject({ pending: 1, stores: { all: { unread: 1 } } });
    const settled = reduce(model, { type: "settled", ids: ["e1"], seq: 3 });
    expect(view.stateOf(settled)).toMatchObject({ pending: 0, stores: { all: { unread: 1 } } });
    const read = { ...(items(2)[1] as Item), read_on: 7, seq: 3 };
    const counts = { badge: 0, all: 1 };
    const after = reduce(settled, { type: "changes", seq: 3, items: [read], counts });
    expect(after.edits).toEqual([]);
    expect(view.stateOf(after).stores.all).toMatchObject({
      unread: 1,
      items: [{ read_on: 7 }, { read_on: null }],
    });
  });

  it("that is refused is rolled back alone", () => {
    const edits = [
      editOf("archive", { id: "e1", ids: ["i2"] }),
      editOf("read", { id: "e2", ids: ["i2"] }),
      editOf("pin", { id: "e3", ids: ["i1"] }),
    ];
    const model = run([{ type: "edited", edits }], loaded(items(3), 3));
    expect(idsOf(model, "all")).toEqual(["i1", "i3"]);
    const after = reduce(model, { type: "dropped", ids: ["e1"] });
    expect(createView().stateOf(after).stores.all?.items).toMatchObject([
      { n_id: "i1", is_pinned: true },
      { n_id: "i3" },
      { n_id: "i2", archived: false, read_on: 5_000 },
    ]);
  });

  it("of the whole inbox leaves nothing unread, loaded or not", () => {
    const model = loaded(items(4), 2, { badge: 3, all: 40, unread: 40 });
    const after = reduce(model, { type: "edited", edits: [editOf("read_all", { ids: [] })] });
    const state = createView().stateOf(after);
    expect(state).toMatchObject({ badge: 0, stores: { all: { unread: 0 }, unread: { unread: 0 } } });
  });

  it("comes once, however often it is told", () => {
    const message: Message = { type: "edited", edits: [editOf("read")] };
    expect(run([message, message], loaded(items(1))).edits).toHaveLength(1);
  });
});

describe("the state", () => {
  it("is the same object while nothing that is seen changes, part by part", () => {
    const view = createView();
    const model = loaded(items(3), 3);
    const before = view.stateOf(model);
    expect(view.stateOf(reduce(model, { type: "changes", seq: 9, items: [] }))).toBe(before);
    const edited = reduce(model, { type: "edited", edits: [editOf("read", { ids: ["i2"] })] });
    const after = view.stateOf(edited);
    expect(after.stores["put-away"]).toBe(before.stores["put-away"]);
    expect(after.stores.all?.items[0]).toBe(before.stores.all?.items[0]);
    const again = view.stateOf(
      reduce(edited, { type: "edited", edits: [editOf("seen", { id: "e2", ids: ["i3"] })] }),
    );
    expect(again.stores.all?.items[1]).toBe(after.stores.all?.items[1]);
  });
});

/** A feed as the server has it: each change gives an item the next number. */
function createFeed() {
  const all = new Map<string, Item>();
  let seq = 0;
  return {
    all,
    seq: () => seq,
    put(item: Item) {
      seq += 1;
      all.set(item.n_id, { ...item, seq });
    },
    since: (after: number) =>
      [...all.values()].filter((item) => item.seq > after).sort((a, b) => a.seq - b.seq),
  };
}

type Step =
  | { what: "new"; is_pinned: boolean }
  | { what: "edit elsewhere" | "edit here"; action: (typeof SINGLE)[number]; which: number }
  | { what: "hear" | "take" }
  | { what: "send"; isRefused: boolean }
  | { what: "ask"; store: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant("new" as const), is_pinned: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constantFrom("edit elsewhere" as const, "edit here" as const),
      action: fc.constantFrom(...SINGLE),
      which: fc.nat(30),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constantFrom("hear" as const, "take" as const) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("send" as const), isRefused: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant("ask" as const), store: fc.nat(2) }) },
);

describe("whatever happens in whatever order", () => {
  it("ends in lists that are those of the server as far as they are loaded, each item once", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 10, maxLength: 80 }), (steps) => {
        const feed = createFeed();
        const view = createView();
        let made = 0;
        while (made < 10) {
          made += 1;
          feed.put(itemOf({ n_id: `n${made}`, created_on: made, is_pinned: made === 3 }));
        }
        const first = pageOf(listOf(feed.all.values(), { id: "all" }), feed.seq(), 3);
        let model = run([{ type: "restart", seq: feed.seq(), counts: {}, pages: { all: first } }]);
        /** Pages that are under way, as they left the server; changes likewise. */
        const pages: Message[] = [];
        const asked = new Set<string>();
        const take = () => {
          const page = pages.shift();
          if (page?.type !== "page") return;
          asked.delete(page.store);
          model = reduce(model, page);
        };
        const hear = (limit = Infinity) => {
          const items = feed.since(model.seq ?? 0).slice(0, limit);
          const seq = items.at(-1)?.seq;
          if (seq !== undefined) model = reduce(model, { type: "changes", seq, items });
        };
        const send = (isRefused: boolean) => {
          const edit = model.edits.find(({ seq }) => seq === undefined);
          if (edit === undefined) return;
          if (isRefused) {
            model = reduce(model, { type: "dropped", ids: [edit.id] });
            return;
          }
          for (const id of edit.ids) {
            const item = feed.all.get(id);
            const changed = item && applyEdit(item, edit);
            if (changed && changed !== item) feed.put(changed);
          }
          model = reduce(model, { type: "settled", ids: [edit.id], seq: feed.seq() });
        };
        const editFor = (action: Edit["action"], which: number): Edit | null => {
          const id = [...feed.all.keys()][which % Math.max(1, feed.all.size)];
          made += 1;
          return id === undefined ? null : editOf(action, { id: `e${made}`, ids: [id], until: 99_000 });
        };

        for (const step of steps) {
          if (step.what === "new") {
            made += 1;
            feed.put(itemOf({ n_id: `n${made}`, created_on: made, is_pinned: step.is_pinned }));
          } else if (step.what === "edit elsewhere" || step.what === "edit here") {
            const edit = editFor(step.action, step.which);
            if (edit === null) continue;
            if (step.what === "edit here") {
              model = reduce(model, { type: "edited", edits: [edit] });
              continue;
            }
            const item = feed.all.get(edit.ids[0] ?? "");
            const changed = item && applyEdit(item, edit);
            if (changed && changed !== item) feed.put(changed);
          } else if (step.what === "hear") hear(2);
          else if (step.what === "take") take();
          else if (step.what === "send") send(step.isRefused);
          else if (step.what === "ask") {
            const store = STORES[step.store] as Store;
            const { end } = model.windows[store.id] ?? {};
            if (end === null || asked.has(store.id)) continue;
            const list = listOf(feed.all.values(), store).filter(
              (item) => end === undefined || compareKeys(keyOf(item), end) > 0,
            );
            asked.add(store.id);
            pages.push({ type: "page", store: store.id, page: pageOf(list, feed.seq(), 3) });
          }
          for (const { items } of Object.values(view.stateOf(model).stores)) {
            expect(new Set(items.map(({ n_id }) => n_id)).size).toBe(items.length);
          }
        }
        while (pages.length > 0) take();
        while (model.edits.some(({ seq }) => seq === undefined)) send(false);
        hear();

        expect(model.edits).toEqual([]);
        const state = view.stateOf(model);
        for (const store of STORES) {
          const { items = [], hasMore } = state.stores[store.id] ?? {};
          const list = listOf(feed.all.values(), store);
          expect(items).toEqual(list.slice(0, items.length));
          if (hasMore === false) expect(items).toHaveLength(list.length);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
