import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "rolldown";
import { noticesOf } from "./bundle.ts";
import { pointDeclarationsAtJavaScript } from "./declarations.ts";
import { root, tool } from "./run-steps.ts";

/**
 * The SDK as it is published: both doors as ES and CommonJS modules, each for Node and for everything else, with
 * declarations and source maps. What it depends on is bundled. The doors share their code, so that an error of one is
 * an error of the other.
 */
const HOME = join(root, "packages", "sdk");
const FORMATS = ["esm", "cjs"] as const;
/** By the condition that chooses it in `exports` and in `#platform`. */
const PLATFORMS = { node: "node", web: "browser" } as const;
const DOORS: Record<string, string> = { ".": "index", "./suprsend": "suprsend/index" };

interface Manifest {
  [field: string]: unknown;
}

/** Writes to `dist`; returns the exit code of the compiler. */
export async function buildSdk(dist: string): Promise<number> {
  await rm(dist, { recursive: true, force: true });
  const declarations = join(dist, "esm");
  const code = await tool("tsc", [
    "-p",
    join("packages", "sdk", "tsconfig.build.json"),
    "--outDir",
    declarations,
  ]);
  if (code !== 0) return code;
  await pointDeclarationsAtJavaScript(declarations);
  // CommonJS reads the same declarations, under a package.json that says what they are.
  await cp(declarations, join(dist, "cjs"), { recursive: true });
  for (const format of FORMATS) {
    const type = format === "esm" ? "module" : "commonjs";
    await writeFile(join(dist, format, "package.json"), `${JSON.stringify({ type, sideEffects: false })}\n`);
    for (const platform of Object.keys(PLATFORMS) as (keyof typeof PLATFORMS)[]) {
      await bundle(join(dist, format, platform), format, platform);
    }
  }
  await writeFile(join(dist, "package.json"), `${JSON.stringify(await publishedManifest(), null, 2)}\n`);
  await cp(join(root, "LICENSE"), join(dist, "LICENSE"));
  await cp(join(HOME, "README.md"), join(dist, "README.md"));
  return 0;
}

async function bundle(
  dir: string,
  format: (typeof FORMATS)[number],
  platform: keyof typeof PLATFORMS,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  const entries = Object.values(DOORS).map((door) => [
    door.replace("/index", ""),
    join(HOME, "src", `${door}.ts`),
  ]);
  await build({
    input: Object.fromEntries(entries) as Record<string, string>,
    platform: PLATFORMS[platform],
    transform: { target: "es2022" },
    logLevel: "warn",
    external: [/^node:/],
    output: {
      dir,
      format,
      exports: "named",
      sourcemap: true,
      // What they say is in the declarations and the source maps.
      comments: { legal: true, annotation: true, jsdoc: false },
      entryFileNames: "[name].js",
      chunkFileNames: "[name].js",
      postBanner: noticesOf,
    },
  });
}

/** Without what is only for this repository. */
async function publishedManifest(): Promise<Manifest> {
  const {
    devDependencies: _bundled,
    imports: _resolved,
    type: _ofEachFolder,
    ...manifest
  } = JSON.parse(await readFile(join(HOME, "package.json"), "utf8")) as Manifest;
  const condition = (folder: string, door: string) => ({
    types: `./${folder}/${door}.d.ts`,
    node: `./${folder}/node/${door.replace("/index", "")}.js`,
    default: `./${folder}/web/${door.replace("/index", "")}.js`,
  });
  return {
    ...manifest,
    main: "./cjs/node/index.js",
    types: "./cjs/index.d.ts",
    exports: Object.fromEntries(
      Object.entries(DOORS).map(([name, door]) => [
        name,
        { import: condition("esm", door), require: condition("cjs", door) },
      ]),
    ),
  };
}

/** Every file of a build, as paths within it. */
export async function builtFiles(dist: string): Promise<string[]> {
  const entries = await readdir(dist, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dist.length + 1));
}
