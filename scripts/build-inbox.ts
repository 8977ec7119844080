import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type OutputChunk } from "rolldown";
import { noticesOf } from "./bundle.ts";
import { pointDeclarationsAtJavaScript } from "./declarations.ts";
import { root, tool } from "./run-steps.ts";

/**
 * The browser package as it is published: the core and the React components as modules that leave React to the
 * application; the elements as modules with Preact in them, for pages without a bundler; one style sheet. The sources
 * of both are the same.
 */
export const INBOX = join(root, "packages", "inbox");
const REACT = /^react(?:-dom)?(?:\/|$)/;

/** What is built of the sources: by the name of the module, its file in `src`. */
type Doors = Record<string, string>;

interface Target {
  /** Where it is written; null: nowhere. */
  folder: string | null;
  doors: Doors;
  /** `external`: left to the application. A path: what stands in for it. Default: what `react` resolves to. */
  react?: "external" | { standIn: string } | { home: string };
}

/** Bundles doors of the package for browsers; returns the modules, with chunks for what is loaded later. */
export async function bundleInbox({ folder, doors, react }: Target): Promise<OutputChunk[]> {
  const isPreact = typeof react === "object" && "standIn" in react;
  const { output } = await build({
    input: doors,
    platform: "browser",
    logLevel: "warn",
    write: folder !== null,
    ...(react === "external" ? { external: REACT } : {}),
    ...(typeof react === "object" ? { resolve: { alias: aliases(react) } } : {}),
    moduleTypes: { ".css": "text" },
    plugins: [{ name: "css", load: { filter: { id: /\.css$/ }, handler: readCss } }],
    transform: {
      target: "es2022",
      jsx: { runtime: "automatic", importSource: isPreact ? "preact" : "react" },
      define: { "process.env.NODE_ENV": '"production"' },
    },
    output: {
      ...(folder === null ? {} : { dir: folder }),
      format: "esm",
      minify: true,
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
      postBanner: noticesOf,
    },
  });
  return output.filter((file) => file.type === "chunk");
}

function aliases(react: { standIn: string } | { home: string }): Record<string, string> {
  if ("standIn" in react) return { react: react.standIn };
  return { react: join(react.home, "react"), "react-dom": join(react.home, "react-dom") };
}

/** The elements, with Preact in React's place. */
export function bundleElement(
  folder: string | null,
  doors: Doors = { element: join(INBOX, "src/element.ts") },
) {
  return bundleInbox({ folder, doors, react: { standIn: join(INBOX, "src/element/react.ts") } });
}

/** The style sheet of all components, without comments and blanks. */
export async function inboxStyles(): Promise<string> {
  const sheets = ["inbox.css", "preferences.css"].map((name) => readCss(join(INBOX, "src/styles", name)));
  return (await Promise.all(sheets)).join("");
}

async function readCss(file: string): Promise<string> {
  const text = await readFile(file, "utf8");
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,>]) ?/g, "$1")
    .replaceAll(/: /g, ":")
    .replaceAll(";}", "}")
    .trim();
}

/** Writes what is published to `dist`; returns the exit code of the compiler. */
export async function buildInbox(dist: string): Promise<number> {
  await rm(dist, { recursive: true, force: true });
  const code = await tool("tsc", [
    "-p",
    join("packages", "inbox", "tsconfig.build.json"),
    "--outDir",
    join(dist, "types"),
  ]);
  if (code !== 0) return code;
  await pointDeclarationsAtJavaScript(join(dist, "types"));
  const doors = { index: join(INBOX, "src/index.ts"), react: join(INBOX, "src/react.ts") };
  await bundleInbox({ folder: dist, doors, react: "external" });
  await bundleElement(join(dist, "element"));
  await mkdir(dist, { recursive: true });
  await writeFile(join(dist, "styles.css"), await inboxStyles());
  await writeFile(join(dist, "package.json"), `${JSON.stringify(await publishedManifest(), null, 2)}\n`);
  // For a site to serve from its own origin.
  await cp(join(INBOX, "serviceworker.js"), join(dist, "serviceworker.js"));
  await cp(join(root, "LICENSE"), join(dist, "LICENSE"));
  await cp(join(INBOX, "README.md"), join(dist, "README.md"));
  return 0;
}

/** Without what is only for this repository. */
async function publishedManifest(): Promise<Record<string, unknown>> {
  const { devDependencies: _bundled, ...manifest } = JSON.parse(
    await readFile(join(INBOX, "package.json"), "utf8"),
  ) as Record<string, unknown>;
  return {
    ...manifest,
    sideEffects: ["./element/*.js", "**/*.css"],
    exports: {
      ".": { types: "./types/index.d.ts", default: "./index.js" },
      "./react": { types: "./types/react.d.ts", default: "./react.js" },
      "./element": { types: "./types/element.d.ts", default: "./element/element.js" },
      "./styles.css": "./styles.css",
      "./serviceworker.js": "./serviceworker.js",
    },
  };
}
