/**
 * `npm run gen`: writes everything that is generated from the sources: the registries of endpoints, nodes, vendors and
 * channels, the reference, the schema dump and the row types. `npm run gen -- --check` fails when one is stale.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { configSchema } from "../packages/server/src/config.ts";
import { PROBLEM_CODES } from "../packages/server/src/core/log/problem-codes.ts";
import { STAGES, STEP_CODES } from "../packages/server/src/core/log/step-log.ts";
import { ERRORS } from "../packages/server/src/errors.ts";
import { dumpSchema, dumpTableTypes } from "../packages/server/src/db/dump.ts";
import { readNodeExamples } from "../packages/server/test/docs/node-examples.ts";
import { withScratchDatabase } from "../packages/server/test/scratch-database.ts";
import { bundleScript } from "./bundle.ts";
import { helperReference } from "./helper-reference.ts";
import { nodeReference } from "./node-reference.ts";
import { sdkReference } from "./sdk-reference.ts";
import { routeTypes, sdkErrorHelp, sdkTypes } from "./sdk-types.ts";
import { vendorReference } from "./vendor-reference.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "packages/server/src");
const check = process.argv.includes("--check");
const stale: string[] = [];

interface Definition {
  /** Under its folder. */
  file: string;
  /** What its import is called in the registry. */
  name: string;
  /** Its default export is a list: `export default LIST.map(defineX)`. */
  is_list: boolean;
}

/** Files that make registry entries: everything under `folder` that defines by default export with one of `define`. */
async function definitions(folder: string, define: string): Promise<Definition[]> {
  const marker = new RegExp(`export default (\\w+\\.map\\()?(?:${define})\\b`);
  const entries = await readdir(join(src, folder), { recursive: true });
  const files = entries.filter((name) => name.endsWith(".ts") && !/\.(test|gen)\.ts$/.test(name)).sort();
  const defining: Definition[] = [];
  for (const entry of files) {
    const match = marker.exec(await readFile(join(src, folder, entry), "utf8"));
    if (match === null) continue;
    const file = entry.split(sep).join("/");
    defining.push({ file, name: camel(file.replace(/\.ts$/, "")), is_list: match[1] !== undefined });
  }
  return defining;
}

async function registry(
  folder: string,
  define: string,
  name: string,
  type: { name: string; from: string },
): Promise<void> {
  const files = await definitions(folder, define);
  const imports = files.map((one) => `import ${one.name} from "./${one.file}";`);
  const list = files.map((one) => `  ${one.is_list ? "..." : ""}${one.name},`);
  // Each entry is typed by its own settings; the registry forgets them, because callers parse before they call.
  await emit(
    join(src, folder, "index.gen.ts"),
    [
      header,
      `import type { ${type.name} } from "${type.from}";`,
      ...imports,
      "",
      `export const ${name}: ${type.name}[] = [`,
      ...list,
      `] as unknown as ${type.name}[];`,
      "",
    ].join("\n"),
  );
}

/** What browsers run, as texts that the server has in its own sources: it is started from them, without a build. */
async function scripts(): Promise<void> {
  const page = await bundleScript("packages/server/browser/preference-page.ts");
  await emit(
    join(src, "preferences/hosted/script.gen.ts"),
    `${header}\n\nexport const PAGE_SCRIPT = ${JSON.stringify(page)};\n`,
  );
  const worker = await bundleScript("packages/server/browser/serviceworker.ts");
  await emit(
    join(src, "http/pages/serviceworker.gen.ts"),
    `${header}\n\nexport const SERVICE_WORKER = ${JSON.stringify(worker)};\n`,
  );
  await emit(join(root, "packages/inbox/serviceworker.js"), `${header}\n${worker}\n`);
}

async function routes(): Promise<void> {
  const files = await definitions("api", "define\\w*Route");
  const surfaceOf = ({ file }: Definition) => file.split("/")[0] ?? "";
  const surfaces = [...new Set(files.map(surfaceOf))];
  const lines = [
    header,
    'import type { RegisteredRoute } from "../http/route.ts";',
    ...surfaces.map((surface) => `import { surface as ${camel(surface)} } from "./${surface}/surface.ts";`),
    ...files.map(({ file, name }) => `import ${name} from "./${file}";`),
    "",
    "export const routes: RegisteredRoute[] = [",
    ...files.map((one) => {
      return `  { surface: ${camel(surfaceOf(one))}, route: ${one.name}, file: "api/${one.file}" },`;
    }),
    "];",
    "",
  ];
  await emit(join(src, "api/index.gen.ts"), lines.join("\n"));
}

async function emit(file: string, text: string): Promise<void> {
  const before = await readFile(file, "utf8").catch(() => "");
  if (before === text) return;
  if (check) stale.push(relative(root, file));
  else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** What the SDK knows of the server. */
async function sdkSources(): Promise<void> {
  // Imported only now, because the registry may have just been written.
  const { routes } = await import("../packages/server/src/api/index.gen.ts");
  const folder = join(root, "packages/sdk/src/generated");
  await emit(join(folder, "operations.gen.ts"), sdkTypes(routes));
  await emit(join(folder, "error-help.gen.ts"), sdkErrorHelp(ERRORS));
  await emit(join(root, "packages/dashboard/src/api/routes.gen.ts"), routeTypes(routes));
  await emit(join(root, "docs/reference/sdk.md"), await sdkReference());
}

/** The pages of existing nodes, removing all others. */
async function nodePages(): Promise<void> {
  // Imported only now, because the registry may have just been written.
  const { nodes } = await import("../packages/server/src/nodes/index.gen.ts");
  const folder = join(root, "docs/reference");
  const pages = nodeReference(nodes, await readNodeExamples());
  for (const [file, text] of pages) await emit(join(folder, file), text);
  for (const name of await readdir(join(folder, "nodes"))) {
    if (pages.has(`nodes/${name}`)) continue;
    const file = join(folder, "nodes", name);
    if (check) stale.push(relative(root, file));
    else await rm(file);
  }
}

async function vendorPage(): Promise<void> {
  // Imported only now, because the registry may have just been written.
  const { vendors } = await import("../packages/server/src/vendors/index.gen.ts");
  await emit(join(root, "docs/reference/vendors.md"), await vendorReference(vendors));
}

function errorReference(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, type, help }]) => `| \`${code}\` | ${status} | ${type} | ${help} |`,
  );
  return [
    "# Errors",
    "",
    "Generated by `npm run gen` from `packages/server/src/errors.ts`.",
    "",
    "| code | status | type | what to do |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function settingReference(): string {
  const rows = Object.entries(configSchema.shape).map(([name, schema]) => {
    const parsed = schema.safeParse(undefined);
    const fallback = parsed.success && parsed.data !== undefined ? `\`${String(parsed.data)}\`` : "";
    return `| \`${name}\` | ${fallback} | ${schema.description ?? ""} |`;
  });
  return [
    "# Settings",
    "",
    "Environment variables. Generated by `npm run gen` from `packages/server/src/config.ts`.",
    "",
    "| name | default | meaning |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function stepReference(): string {
  const stages = Object.entries(STAGES).map(([stage, meaning]) => `| \`${stage}\` | ${meaning} |`);
  const codes = Object.entries(STEP_CODES).map(
    ([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |`,
  );
  const problems = Object.entries(PROBLEM_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return [
    "# The step log",
    "",
    "Generated by `npm run gen` from `packages/server/src/core/log/step-log.ts` and `problem-codes.ts`.",
    "",
    "Every execution has a log of steps (`GET /v1/{workspace}/log/execution/{id}/`). A step has a stage, a severity and, where something went another way than hoped for, a code among its properties.",
    "",
    "## Stages",
    "",
    "| stage | meaning |",
    "|---|---|",
    ...stages,
    "",
    "## Codes",
    "",
    "| code | what happened | what to do |",
    "|---|---|---|",
    ...codes,
    "",
    "## Problems of requests",
    "",
    "A request lists in `errors` why something of it did not run, by these codes and those of [errors](errors.md).",
    "",
    "| code | meaning |",
    "|---|---|",
    ...problems,
    "",
  ].join("\n");
}

function camel(name: string): string {
  return name.replace(/[-_/](\w)/g, (_match, letter: string) => letter.toUpperCase());
}

const header = "// Generated by `npm run gen`; do not edit.";

await registry("nodes", "define\\w*Node", "nodes", {
  name: "NodeDefinition",
  from: "../engine/node.ts",
});
await registry("vendors", "defineVendor|defineSimulator", "vendors", {
  name: "Vendor",
  from: "../delivery/vendor/vendor.ts",
});
await registry("channels", "defineChannel", "channels", {
  name: "ChannelDefinition",
  from: "./channel.ts",
});
await scripts();
await routes();
await sdkSources();
await emit(join(root, "docs/reference/errors.md"), errorReference());
await emit(join(root, "docs/reference/settings.md"), settingReference());
await emit(join(root, "docs/reference/step-log.md"), stepReference());
await emit(join(root, "docs/reference/helpers.md"), helperReference());
await nodePages();
await vendorPage();
await withScratchDatabase(async (db) => {
  await emit(join(src, "db/schema.sql"), await dumpSchema(db));
  await emit(join(src, "db/tables.gen.ts"), await dumpTableTypes(db));
});
if (stale.length > 0) {
  console.error(`Stale generated files; run \`npm run gen\`:\n  ${stale.join("\n  ")}`);
  process.exit(1);
}
