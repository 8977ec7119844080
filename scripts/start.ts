/** `npm start`: the `carillon start` command, with the dashboard built when it is missing or stale. */
import { ensureDashboard } from "./build-dashboard.ts";

await ensureDashboard();
await import("../packages/cli/src/main.ts");
