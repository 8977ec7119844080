import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../src/errors.ts";

/**
 * Which module may import which. A room is a folder of `src`, a leaf is a file at its top. The table is the
 * architecture: change it in the same commit as ARCHITECTURE.md, and say why.
 */
const src = fileURLToPath(new URL("../src/", import.meta.url));
const repository = fileURLToPath(new URL("../../../", import.meta.url));

const LEAVES = new Set(["errors", "log", "ids", "config", "metrics"]);

/** Room → what its files may import besides the room itself and pure libraries. A `room/file` allows one file. */
const MAY_KNOW: Record<string, string[]> = {
  core: [],
  templates: ["core"],
  expressions: ["core", "templates"],
  db: ["core", "ids", "errors"],
  channels: ["core", "templates"],
  workspaces: ["core", "db", "ids", "errors"],
  queue: ["core", "db", "log"],
  inbox: ["core", "db"],
  recipients: ["core", "db", "ids", "errors"],
  lists: ["core", "db", "ids", "errors"],
  catalog: ["core", "expressions", "db", "ids", "errors", "workspaces"],
  preferences: ["core", "db", "errors", "catalog"],
  routing: ["core", "db", "workspaces", "queue", "catalog", "preferences"],
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
  ],
  vendors: ["core", "delivery/vendor", "delivery/http"],
  maintenance: ["db", "log", "config", "routing", "workspaces"],
  realtime: ["core", "db", "errors"],
  http: ["core", "db", "errors", "log", "services", "metrics", "workspaces"],
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
    "recipients",
    "lists",
    "preferences",
    "workspaces",
    "engine/engine",
    "channels/channel",
    "delivery/vendor-admin",
  ],
  services: [
    "delivery/message-actions",
    "delivery/vendor-admin",
    "catalog",
    "channels/channel",
    "config",
    "core",
    "db",
    "engine/engine",
    "ids",
    "lists",
    "log",
    "recipients",
    "workspaces",
  ],
  bootstrap: ["core", "db", "delivery/vendor-table", "ids", "workspaces"],
};

/** What a pure function has no use for. `new Date(…)` of a given time is fine. */
const IMPURE =
  /"node:[^"]*"|\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bprocess\.|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\(/g;

/** Rooms whose modules write rows. */
const STORING = new Set([
  "accept",
  "engine",
  "routing",
  "inbox",
  "recipients",
  "lists",
  "preferences",
  "catalog",
  "authoring",
  "workspaces",
  "queue",
  "api",
]);
/** JSON that is hashed, compared or evaluated, not stored. */
const HASHED = new Set([
  "catalog/catalog.ts",
  "engine/effects/gather.ts",
  "engine/expand/throttle.ts",
  "engine/expand/overrides.ts",
  "authoring/templates/template-change.ts",
  "api/hub/records.ts",
]);

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
      if (room === "main" || room === "index" || from.endsWith("index.gen.ts") || room === roomOf(to))
        return false;
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

  it("have no arrow that runs backwards", async () => {
    const graph = new Map<string, string[]>();
    for (const { from, to } of await readImports()) {
      const [room, other] = [roomOf(from), roomOf(to)];
      if (room === other || room === "main" || room === "index" || from.endsWith("index.gen.ts")) continue;
      if (LEAVES.has(room) || LEAVES.has(other)) continue;
      graph.set(room, [...(graph.get(room) ?? []), other]);
    }
    expect(findCycle(graph)).toBeNull();
  });

  it("keep core free of Node, clocks and chance", async () => {
    const impure: string[] = [];
    for (const file of await sources(join(src, "core"))) {
      const text = (await readFile(file, "utf8")).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      for (const [found] of text.matchAll(IMPURE)) impure.push(`${relative(src, file)}: ${found}`);
    }
    expect(impure).toEqual([]);
  });

  it("write JSON into columns by storableJson alone, and cut texts by cut alone", async () => {
    const wrong: string[] = [];
    for (const file of await sources(src)) {
      const text = await readFile(file, "utf8");
      const name = relative(src, file);
      if (
        STORING.has(roomOf(name)) &&
        !HASHED.has(name) &&
        text.includes("JSON.stringify(") &&
        /query|kysely|sql/.test(text)
      ) {
        const columns = text.replaceAll(/new AppError\([^;]*JSON\.stringify\(/g, "");
        if (columns.includes("JSON.stringify(")) wrong.push(`${name}: JSON.stringify`);
      }
      if (/\.slice\(0, [^)]*\)\.toWellFormed\(\)/.test(text)) wrong.push(`${name}: slice().toWellFormed()`);
    }
    expect(wrong).toEqual([]);
  });

  it("list at most about twenty names in a folder, besides its sub-folders", async () => {
    const crowded: string[] = [];
    for (const folder of await folders(src)) {
      const entries = await readdir(folder, { withFileTypes: true });
      const names = entries.filter((entry) => !entry.isDirectory() && !/\.(test|gen)\.ts$/.test(entry.name));
      const path = relative(src, folder).split("/");
      const isOpen = OPEN_FOLDERS.has(path[0] ?? "") || OPEN_FOLDERS.has(path.at(-1) ?? "");
      if (names.length > CROWDED && !isOpen) crowded.push(`${relative(src, folder)}: ${names.length}`);
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

  it("keep every file under 600 lines", async () => {
    const long: string[] = [];
    for (const file of await sources(src)) {
      if (file.endsWith(".gen.ts")) continue;
      const lines = (await readFile(file, "utf8")).split("\n").length;
      if (lines > 600) long.push(`${relative(src, file)}: ${lines}`);
    }
    expect(long).toEqual([]);
  });
});

describe("documents", () => {
  it("explain every error code", async () => {
    const reference = await readFile(join(repository, "docs/reference/errors.md"), "utf8");
    expect(Object.keys(ERRORS).filter((code) => !reference.includes(`\`${code}\``))).toEqual([]);
  });

  it("name every room of the server in ARCHITECTURE.md", async () => {
    const text = await readFile(join(repository, "ARCHITECTURE.md"), "utf8");
    const rooms = (await readdir(src, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(rooms.map(({ name }) => name).filter((name) => !text.includes(`${name}/`))).toEqual([]);
  });
});

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
