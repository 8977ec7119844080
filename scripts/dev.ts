/** `npm run dev`: the server, restarted when a source changes. */
import { tool } from "./run-steps.ts";

process.exit(
  await tool("node", [
    "--watch-path=packages/server/src",
    "packages/cli/src/main.ts",
    "start",
    ...process.argv.slice(2),
  ]),
);
