import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../src/errors.ts";

/**
 * Which module may import which. A room is a folder of `src`, a leaf is a file at its top. The table is the
 * architecture: change it in the same commit as ARCHITECTURE.md, and say why.
 */
const server = fileURLToPath(new URL("../", import.meta.url));
const src = join(server, "src/");
const tests = join(server, "test/");
const repository = fileURLToPath(new URL("../../../", import.meta.url));
const architecture = join(repository, "ARCHITECTURE.md");

/** What puts the rooms together. */
const ROOTS = new Set(["machinery", "main", "index"]);
const LEAVES = new Set(["errors", "log", "ids", "config", "metrics"]);

/** Room → what its files may import besides the room itself and pure libraries. A `room/file` allows one file. */
const MAY_KNOW: Record<string, string[]> = {
  core: [],
  templates: ["core"],
  expressions: ["core", "templates"],
  db: ["core", "ids", "errors"],
  channels: ["core", "templates"],
  workspaces: ["core", "db", "ids", "errors"],
  people: ["core", "db", "ids", "errors", "log", "workspaces"],
  queue: ["core", "db", "log"],
  inbox: ["core", "db", "workspaces"],
  recipients: ["core", "db", "ids", "errors"],
  lists: ["core", "db", "ids", "errors"],
  segments: ["core", "db", "ids"],
  catalog: ["core", "expressions", "db", "ids", "errors", "workspaces"],
  preferences: ["core", "db", "ids", "errors", "catalog", "workspaces"],
  translations: ["core", "db", "errors", "catalog"],
  routing: ["core", "db", "ids", "workspaces", "queue", "catalog", "preferences"],
  realtime: ["core", "db", "errors", "log", "inbox"],
  engine: [
    "core",
    "db",
    "errors",
    "ids",
    "log",
    "expressions",
    "templates",
    "queue",
    "catalog",
    "recipients",
    "workspaces",
    "channels",
    "inbox",
    "lists",
    "segments",
    "preferences",
    "routing",
  ],
  nodes: ["core", "expressions", "catalog", "routing", "engine/node", "engine/effect"],
  authoring: ["core", "expressions", "db", "ids", "errors", "workspaces", "catalog", "engine/node"],
  delivery: [
    "core",
    "expressions",
    "templates",
    "db",
    "errors",
    "ids",
    "log",
    "queue",
    "catalog",
    "workspaces",
    "inbox",
    "routing",
    "channels/html",
  ],
  vendors: ["core", "delivery/vendor", "delivery/http"],
  privacy: ["core", "db", "ids", "inbox", "routing", "engine/engine"],
  maintenance: ["db", "log", "config", "inbox", "routing", "workspaces", "privacy"],
  http: ["core", "db", "errors", "log", "services", "metrics", "workspaces", "people"],
  api: [
    "core",
    "expressions",
    "ids",
    "log",
    "services",
    "db",
    "errors",
    "http",
    "catalog",
    "authoring",
    "inbox",
    "recipients",
    "lists",
    "segments",
    "preferences",
    "translations",
    "workspaces",
    "engine/engine",
    "channels/channel",
    "delivery/vendor-admin",
    "delivery/vendor-reports",
    "delivery/tracking",
    "people",
    "privacy",
  ],
  services: [
    "delivery/feed-actions",
    "delivery/device-reports",
    "delivery/message-actions",
    "delivery/vendor-admin",
    "delivery/vendor-reports",
    "delivery/tracking",
    "catalog",
    "channels/channel",
    "config",
    "core",
    "db",
    "engine/engine",
    "ids",
    "inbox/feed",
    "lists",
    "log",
    "people",
    "preferences",
    "privacy",
    "realtime/transports",
    "recipients",
    "workspaces",
  ],
  bootstrap: ["core", "db", "delivery/vendor-table", "ids", "workspaces"],
};

/** What a pure function has no use for. `new Date(…)` of a given time is fine. */
const IMPURE =
  /"node:[^"]*"|\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bprocess\.|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\(/g;

/** Rooms whose modules may write rows. */
const STORING = new Set(Object.keys(MAY_KNOW).filter((room) => MAY_KNOW[room]?.includes("db")));
/** JSON that is hashed, compared, evaluated, sealed or shown, not stored. */
const NOT_STORED = [
  "api/hub/records.ts",
  "authoring/templates/template-change.ts",
  "catalog/catalog.ts",
  "delivery/vendor-admin.ts",
  "delivery/vendor-table.ts",
  "engine/effects/gather.ts",
  "engine/expand/overrides.ts",
  "engine/expand/throttle.ts",
  "http/app.ts",
  "http/audit/auditor.ts",
  "http/cursor.ts",
  "http/openapi.ts",
  "privacy/erase-logs.ts",
  "privacy/held.ts",
  "realtime/transports/sse.ts",
];

const CROWDED = 20;
/** Folders with one file for each kind of something, or for each step of a history, which may be any number. */
const OPEN_FOLDERS = new Set(["nodes", "vendors", "migrations"]);

interface Import {
  from: string;
  to: string;
}

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries
    .filter((name) => name.endsWith(".ts") && !/\.(test|d)\.ts$/.test(name))
    .map((name) => join(folder, name));
}

async function folders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return [
    folder,
    ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)),
  ];
}

async function readImports(): Promise<Import[]> {
  const imports: Import[] = [];
  for (const file of await sources(src)) {
    const text = await readFile(file, "utf8");
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      imports.push({ from: relative(src, file), to: relative(src, resolve(dirname(file), specifier ?? "")) });
    }
  }
  return imports;
}

const roomOf = (file: string) =>
  file.includes("/") ? (file.split("/")[0] ?? "") : file.replace(/\.ts$/, "");
const doorOf = (file: string) => file.replace(/\.ts$/, "");

describe("the rooms of the server", () => {
  it("import only what the table allows", async () => {
    const wrong = (await readImports()).filter(({ from, to }) => {
      const room = roomOf(from);
      if (ROOTS.has(room) || from.endsWith("index.gen.ts") || room === roomOf(to)) return false;
      if (LEAVES.has(room)) return true;
      const allowed = MAY_KNOW[room];
      return (
        allowed === undefined || !allowed.some((name) => doorOf(to) === name || to.startsWith(`${name}/`))
      );
    });
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it("have no cycle, of values or types", async () => {
    const graph = new Map<string, string[]>();
    for (const { from, to } of await readImports()) graph.set(from, [...(graph.get(from) ?? []), to]);
    expect(findCycle(graph)).toBeNull();
  });

  it("know only rooms that ARCHITECTURE.md lists above them", async () => {
    const order = namesAt(/^([\w-]+)(?:\/|\.ts) /gm, await readTree());
    const backwards = Object.entries(MAY_KNOW).flatMap(([room, known]) =>
      known
        .map((door) => door.split("/")[0] ?? "")
        .filter((other) => !LEAVES.has(other) && !(order.indexOf(other) < order.indexOf(room)))
        .map((other) => `${room} → ${other}`),
    );
    expect(Object.keys(MAY_KNOW).filter((room) => !order.includes(room))).toEqual([]);
    expect(backwards).toEqual([]);
  });

  it("keep core free of Node, clocks and chance", async () => {
    const impure: string[] = [];
    for (const file of await sources(join(src, "core"))) {
      const text = (await readFile(file, "utf8")).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      for (const [found] of text.matchAll(IMPURE)) impure.push(`${relative(src, file)}: ${found}`);
    }
    expect(impure).toEqual([]);
  });

  it("write JSON into columns by storableJson alone", async () => {
    const writing: string[] = [];
    for (const file of await sources(src)) {
      const text = await readFile(file, "utf8");
      const name = relative(src, file);
      if (!STORING.has(roomOf(name)) || !/query|kysely|sql/.test(text)) continue;
      const columns = text.replaceAll(/new AppError\([^;]*JSON\.stringify\(/g, "");
      if (columns.includes("JSON.stringify(")) writing.push(name);
    }
    expect(writing.toSorted()).toEqual(NOT_STORED);
  });

  it("cut texts by cut alone", async () => {
    const wrong: string[] = [];
    for (const file of await sources(src)) {
      const text = await readFile(file, "utf8");
      if (/\.slice\(0, [^)]*\)\.toWellFormed\(\)/.test(text)) wrong.push(relative(src, file));
    }
    expect(wrong).toEqual([]);
  });

  it("list at most about twenty names in a folder, besides its sub-folders", async () => {
    const crowded: string[] = [];
    for (const folder of [...(await folders(src)), ...(await folders(tests))]) {
      const entries = await readdir(folder, { withFileTypes: true });
      const names = entries.filter((entry) => !entry.isDirectory() && !/\.(test|gen)\.ts$/.test(entry.name));
      const path = relative(src, folder).split("/");
      const isOpen = OPEN_FOLDERS.has(path[0] ?? "") || OPEN_FOLDERS.has(path.at(-1) ?? "");
      if (names.length > CROWDED && !isOpen) crowded.push(`${relative(server, folder)}: ${names.length}`);
    }
    expect(crowded).toEqual([]);
  });

  it("read the environment in config.ts alone", async () => {
    const readers: string[] = [];
    for (const file of await sources(src)) {
      if ((await readFile(file, "utf8")).includes("process.env")) readers.push(relative(src, file));
    }
    expect(readers.filter((file) => file !== "config.ts" && !file.startsWith("db/embedded"))).toEqual([]);
  });

  it("keep every file under 600 lines, tests too", async () => {
    const long: string[] = [];
    for (const folder of [src, tests]) {
      for (const name of await readdir(folder, { recursive: true })) {
        if (!name.endsWith(".ts") || name.endsWith(".gen.ts")) continue;
        const lines = (await readFile(join(folder, name), "utf8")).split("\n").length;
        if (lines > 600) long.push(`${name}: ${lines}`);
      }
    }
    expect(long).toEqual([]);
  });
});

describe("documents", () => {
  it("explain every error code", async () => {
    const reference = await readFile(join(repository, "docs/reference/errors.md"), "utf8");
    expect(Object.keys(ERRORS).filter((code) => !reference.includes(`\`${code}\``))).toEqual([]);
  });

  it("name every room of the server once in ARCHITECTURE.md", async () => {
    expect(namesAt(/^([\w-]+)\//gm, await readTree()).toSorted()).toEqual(await namesIn(src));
  });

  it("name every package once in ARCHITECTURE.md", async () => {
    const [, tree = ""] = (await readFile(architecture, "utf8")).split(/^packages\/$/m);
    expect(namesAt(/^ {2}([\w-]+)\//gm, tree).toSorted()).toEqual(
      await namesIn(join(repository, "packages")),
    );
  });
});

/** What ARCHITECTURE.md lists of the server's sources, one room a line. */
async function readTree(): Promise<string> {
  const [, after = ""] = (await readFile(architecture, "utf8")).split("### packages/server/src");
  return after.split("```")[1] ?? "";
}

const namesAt = (pattern: RegExp, text: string) =>
  Array.from(text.matchAll(pattern), ([, name = ""]) => name);

/** Its sub-folders. */
async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

/** The first cycle found, as a path; depth first with colours. */
function findCycle(graph: Map<string, string[]>): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  function visit(file: string): string[] | null {
    if (done.has(file)) return null;
    const at = path.indexOf(file);
    if (at !== -1) return [...path.slice(at), file];
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(file);
    return null;
  }
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle !== null) return cycle;
  }
  return null;
}
