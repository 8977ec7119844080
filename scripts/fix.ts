/** `npm run fix`: what can be mended mechanically. */
import { steps, tool } from "./run-steps.ts";

await steps([
  ["generate", () => tool("node", ["scripts/gen.ts"])],
  ["lint", () => tool("oxlint", ["--type-aware", "--fix"])],
  ["format", () => tool("oxfmt", ["."])],
]);
