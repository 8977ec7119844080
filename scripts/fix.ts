/** `npm run fix`: fixes everything that can be fixed mechanically. */
import { steps, tool } from "./run-steps.ts";

await steps([
  ["generate", () => tool("node", ["scripts/gen.ts"])],
  ["lint", () => tool("oxlint", ["--type-aware", "--fix"])],
  ["format", () => tool("oxfmt", ["."])],
]);
