import { parseArgs } from "node:util";
import { useSmallHeap } from "./small-heap.ts";

/** The `carillon` command. A verb is loaded when it is called, so that help never loads the server. */
interface Verb {
  summary: string;
  load: () => Promise<{ run: (args: string[]) => Promise<void> }>;
}

const VERBS: Record<string, Verb> = {
  start: {
    summary: "start the server (--role all|api|worker)",
    async load() {
      useSmallHeap();
      return import("./verbs/start.ts");
    },
  },
  backup: {
    summary: "copy the embedded database to a new folder, also while it runs",
    load: () => import("./verbs/backup.ts"),
  },
  import: {
    summary: "import users, objects or members of lists from a CSV or NDJSON file",
    load: () => import("./verbs/import.ts"),
  },
  keys: {
    summary: "show the credentials of a workspace, or make more",
    load: () => import("./verbs/keys.ts"),
  },
};

const { positionals, values } = parseArgs({
  args: process.argv.slice(2),
  options: { help: { type: "boolean", short: "h" } },
  strict: false,
  allowPositionals: true,
});
const name = values.help === true ? "help" : (positionals[0] ?? "help");
const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
if (verb === undefined) {
  const lines = Object.entries(VERBS).map(([known, { summary }]) => `  ${known.padEnd(8)} ${summary}`);
  console.log(
    `carillon <verb>\n\n${lines.join("\n")}\n\nSettings are environment variables: docs/reference/settings.md`,
  );
  process.exit(name === "help" ? 0 : 2);
}
try {
  const { run } = await verb.load();
  await run(process.argv.slice(process.argv.indexOf(name) + 1));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // Each invalid setting has its own line.
  for (const line of message.split("\n")) console.error(`carillon ${name}: ${line}`);
  process.exit(1);
}
