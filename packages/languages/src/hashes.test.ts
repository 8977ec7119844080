import fc from "fast-check";
import { expect, it } from "vitest";
import { type Hashes, PORTABLE_HASHES } from "./hashes.ts";
import { NODE_HASHES } from "./node.ts";

const names = Object.keys(PORTABLE_HASHES) as (keyof Hashes)[];

it.each(names)("gives the same %s in a browser as in Node, in whatever pieces the text comes", (name) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", size: "large" })), (pieces) => {
      const [browser, node] = [PORTABLE_HASHES[name](), NODE_HASHES[name]()];
      for (const piece of pieces) browser.update(piece);
      node.update(pieces.join(""));
      expect(browser.hex()).toBe(node.hex());
    }),
  );
});
