import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatPosition,
  nodeAt,
  parsePosition,
  type Position,
  positionAfter,
  positionInBranch,
  type Severity,
  startOf,
  endStatusOf,
} from "./run-state.ts";

interface Named {
  name: string;
  branches?: { nodes: Named[]; is_terminal?: boolean }[];
}

const leaf = (name: string): Named => ({ name });
const fork = (name: string, ...branches: (Named[] | { end: Named[] })[]): Named => ({
  name,
  branches: branches.map((branch) =>
    Array.isArray(branch) ? { nodes: branch } : { nodes: branch.end, is_terminal: true },
  ),
});

/** a, b(1: c, d(1: e | 2: -), f | 2: g, end | 3: - | 4: -, end), h */
const tree: Named[] = [
  leaf("a"),
  fork("b", [leaf("c"), fork("d", [leaf("e")], []), leaf("f")], { end: [leaf("g")] }, [], { end: [] }),
  leaf("h"),
];

const at = (position: Position | null) => (position === null ? null : (nodeAt(tree, position)?.name ?? "?"));

describe("where a run goes", () => {
  it.each([
    ["0", "b"],
    ["1", "h"],
    ["2", null],
    ["1.0.0", "d"],
    ["1.0.1", "f"],
    ["1.0.1.0.0", "f"],
    ["1.0.2", "h"],
    ["1.1.0", null],
  ])("from %s on to %s", (from, to) => {
    expect(at(positionAfter(tree, parsePosition(from)))).toBe(to);
  });

  it.each([
    ["1", 0, "c"],
    ["1", 1, "g"],
    ["1", 2, "h"],
    ["1", 3, null],
    ["1", 4, null],
    ["1", -1, null],
    ["0", 0, null],
    ["1.0.1", 0, "e"],
    ["1.0.1", 1, "f"],
  ])("from %s into branch %i to %s", (from, branch, to) => {
    expect(at(positionInBranch(tree, parsePosition(from), branch))).toBe(to);
  });

  it("begins at the first node, and nowhere in an empty tree", () => {
    expect(startOf(tree)).toEqual([0]);
    expect(startOf([])).toBeNull();
  });

  it.each(["3", "1.4.0", "1.0.9", "0.0.0", "1.2.0", "9.9.9.9.9", "-1", "x"])(
    "finds nothing at %s, which the tree does not have",
    (position) => {
      expect(nodeAt(tree, parsePosition(position))).toBeNull();
    },
  );

  it("ends at a position of which only a part is there", () => {
    expect(positionAfter(tree, [7, 0, 0])).toBeNull();
    expect(positionAfter(tree, [])).toBeNull();
  });
});

const trees: fc.Arbitrary<Named[]> = fc.letrec<{ nodes: Named[]; node: Named }>((tie) => ({
  nodes: fc.array(tie("node"), { maxLength: 4, depthIdentifier: "tree" }),
  node: fc.oneof(
    { depthIdentifier: "tree", depthSize: "small", withCrossShrink: true },
    // A new object each time: nodes are named in place.
    fc.nat(0).map(() => leaf("leaf")),
    fc
      .array(fc.record({ nodes: tie("nodes"), is_terminal: fc.boolean() }), { minLength: 1, maxLength: 3 })
      .map((branches) => ({ name: "fork", branches })),
  ),
})).nodes;

/** Names all nodes by their position, so that each is unique; returns their number. */
function number(nodes: Named[], count = 0): number {
  for (const node of nodes) {
    node.name = String(count++);
    for (const branch of node.branches ?? []) count = number(branch.nodes, count);
  }
  return count;
}

/** Walks the tree as its author expects; false when a terminal branch ended it. */
function read(nodes: Named[], choose: (branches: number) => number, seen: string[]): boolean {
  for (const node of nodes) {
    seen.push(node.name);
    if (node.branches === undefined) continue;
    const branch = node.branches[choose(node.branches.length)];
    if (branch === undefined) continue;
    if (!read(branch.nodes, choose, seen)) return false;
    if (branch.is_terminal === true) return false;
  }
  return true;
}

function walk(nodes: Named[], choose: (branches: number) => number): string[] {
  const seen: string[] = [];
  for (let position = startOf(nodes); position !== null;) {
    const node = nodeAt(nodes, position);
    if (node === null) throw new Error(`nothing at ${formatPosition(position)}`);
    seen.push(node.name);
    if (seen.length > 10_000) throw new Error("the walk does not end");
    position =
      node.branches === undefined
        ? positionAfter(nodes, position)
        : positionInBranch(nodes, position, choose(node.branches.length));
  }
  return seen;
}

/** The same choices on every call. */
const chooser = (choices: number[]) => {
  let next = 0;
  return (branches: number) => (choices[next++ % choices.length] ?? 0) % branches;
};

describe("a walk through any tree", () => {
  const choices = fc.array(fc.nat(7), { minLength: 1, maxLength: 8 });

  it("ends, and visits what a reader of the tree expects, in that order, each node once", () => {
    fc.assert(
      fc.property(trees, choices, (nodes, picks) => {
        const count = number(nodes);
        const seen = walk(nodes, chooser(picks));
        const expected: string[] = [];
        read(nodes, chooser(picks), expected);

        expect(seen).toEqual(expected);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.length).toBeLessThanOrEqual(count);
        const places = seen.map(Number);
        expect(places).toEqual(places.toSorted((left, right) => left - right));
      }),
      { numRuns: 500 },
    );
  });

  it("goes on from a stored position as if it had not stopped", () => {
    fc.assert(
      fc.property(trees, choices, fc.nat(20), (nodes, picks, stop) => {
        number(nodes);
        const choose = chooser(picks);
        let position = startOf(nodes);
        const seen: string[] = [];
        for (let step = 0; position !== null; step++) {
          if (step === stop) position = parsePosition(formatPosition(position));
          const node = nodeAt(nodes, position);
          seen.push(node?.name ?? "?");
          position =
            node?.branches === undefined
              ? positionAfter(nodes, position)
              : positionInBranch(nodes, position, choose(node.branches.length));
        }

        expect(seen).toEqual(walk(nodes, chooser(picks)));
      }),
    );
  });
});

describe("the status of a run", () => {
  it.each<[Severity[], string]>([
    [[], "completed"],
    [["info", "info"], "completed"],
    [["info", "warning", "info"], "partial_failure"],
    [["warning", "error", "info"], "failed"],
    [["error"], "failed"],
  ])("with %j in its log is %s", (severities, status) => {
    expect(endStatusOf(severities)).toBe(status);
  });
});
