/** `npm run e2e`: only the tests that drive a running server from outside. */
import { tool } from "./run-steps.ts";

process.exit(await tool("vitest", ["run", "e2e", ...process.argv.slice(2)]));
