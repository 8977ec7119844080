/** `npm run dev`: the server, restarted when a source changes, with the dashboard as it was when it started. */
import { ensureDashboard } from "./build-dashboard.ts";
import { tool } from "./run-steps.ts";

await ensureDashboard();
process.exit(
  await tool("node", [
    "--watch-path=packages/server/src",
    "packages/cli/src/main.ts",
    "start",
    ...process.argv.slice(2),
  ]),
);
