/** `npm run check`: everything that can be checked without running the product. */
import { join } from "node:path";
import { steps, tool } from "./run-steps.ts";

await steps([
  ["format", () => tool("oxfmt", ["--check", "."])],
  ["types", () => tool("tsc", ["-p", "tsconfig.json"])],
  ["types of browser packages", () => tool("tsc", ["-p", "tsconfig.browser.json"])],
  ["types of their tests", () => tool("tsc", ["-p", join("packages", "inbox")])],
  ["lint", () => tool("oxlint", ["--type-aware", "--deny-warnings"])],
  ["generated files are fresh", () => tool("node", ["scripts/gen.ts", "--check"])],
  [
    "shape of the tree",
    () =>
      tool("vitest", [
        "run",
        "packages/server/test/architecture.test.ts",
        "packages/server/test/ways.test.ts",
      ]),
  ],
]);
