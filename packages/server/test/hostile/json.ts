import type { Random } from "../random.ts";
import { JSON_VALUES, KEYS } from "./values.ts";

/**
 * A JSON document as written: entries keep their order and may repeat, scalars are text. This preserves what
 * JavaScript's own objects would lose.
 */
export type Node =
  | { kind: "scalar"; text: string }
  | { kind: "list"; items: Node[] }
  | { kind: "map"; entries: { key: string; value: Node }[] };

export function toNode(value: unknown): Node {
  if (Array.isArray(value)) return { kind: "list", items: value.map(toNode) };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, child]) => ({
      key: JSON.stringify(key),
      value: toNode(child),
    }));
    return { kind: "map", entries };
  }
  return { kind: "scalar", text: JSON.stringify(value ?? null) };
}

export function print(node: Node): string {
  switch (node.kind) {
    case "scalar":
      return node.text;
    case "list":
      return `[${node.items.map(print).join(",")}]`;
    case "map":
      return `{${node.entries.map(({ key, value }) => `${key}:${print(value)}`).join(",")}}`;
  }
}

/** Corrupts one place of a document, in place. Returns the document, which is another one if the root was replaced. */
export function spoil(root: Node, random: Random): Node {
  const places = placesOf(root);
  const { node, replace } = random.pick(places);
  const roll = random.below(10);
  if (node.kind === "map" && roll < 4) {
    spoilMap(node.entries, random);
    return root;
  }
  if (node.kind === "list" && roll < 2) {
    node.items.push(...Array.from({ length: random.pick([1, 2, 150]) }, () => hostileValue(random)));
    return root;
  }
  if (roll < 5) return replace({ kind: "list", items: [node] });
  if (roll < 6) return replace({ kind: "map", entries: [{ key: random.pick(KEYS), value: node }] });
  return replace(hostileValue(random));
}

function spoilMap(entries: { key: string; value: Node }[], random: Random): void {
  const at = random.below(Math.max(1, entries.length));
  const entry = entries[at];
  const roll = random.below(4);
  if (entry === undefined || roll === 0)
    entries.push({ key: random.pick(KEYS), value: hostileValue(random) });
  else if (roll === 1) entries.splice(at, 1);
  else if (roll === 2) entries.push({ key: entry.key, value: hostileValue(random) });
  else entry.key = random.pick(KEYS);
}

function hostileValue(random: Random): Node {
  return { kind: "scalar", text: random.pick(JSON_VALUES) };
}

interface Place {
  node: Node;
  /** Puts another node here; returns the root of the changed document. */
  replace: (next: Node) => Node;
}

function placesOf(root: Node): Place[] {
  const places: Place[] = [{ node: root, replace: (next) => next }];
  function visit(node: Node): void {
    if (node.kind === "list") {
      node.items.forEach((child, index) => {
        places.push({ node: child, replace: (next) => ((node.items[index] = next), root) });
        visit(child);
      });
    } else if (node.kind === "map") {
      for (const entry of node.entries) {
        places.push({ node: entry.value, replace: (next) => ((entry.value = next), root) });
        visit(entry.value);
      }
    }
  }
  visit(root);
  return places;
}
