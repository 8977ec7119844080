import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "vite";
import { root } from "./run-steps.ts";

/**
 * The dashboard as static files in `packages/dashboard/dist`, which the server serves: assets with hashed names, each also
 * as brotli and gzip. `dist/SOURCES` says of which sources they are, so that a build is made only when one is missing or
 * stale.
 */
const HOME = join(root, "packages", "dashboard");
export const DASHBOARD_DIST = join(HOME, "dist");
const STAMP = "SOURCES";
const COMPRESSED = new Set([".js", ".css", ".svg"]);

/** Builds it when it is missing or stale. True: it was built. */
export async function ensureDashboard(): Promise<boolean> {
  const sources = await fingerprint();
  const known = await readFile(join(DASHBOARD_DIST, STAMP), "utf8").catch(() => "");
  if (known === sources) return false;
  await buildDashboard(sources);
  return true;
}

/** Into a folder of its own, put in place when it is whole: a running server never serves half of one. */
export async function buildDashboard(sources?: string): Promise<void> {
  const folder = await mkdtemp(join(HOME, "dist-"));
  try {
    await inProduction(() =>
      build({
        root: HOME,
        configFile: join(HOME, "vite.config.ts"),
        mode: "production",
        logLevel: "warn",
        build: { outDir: folder, emptyOutDir: true },
      }),
    );
    await compress(join(folder, "assets"));
    await writeFile(join(folder, STAMP), sources ?? (await fingerprint()));
    // Temporary folders are for their maker alone; the server may be another user.
    await chmod(folder, 0o755);
    await putInPlace(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A test run says what it is in NODE_ENV, and libraries would be built as for development. */
async function inProduction(work: () => Promise<unknown>): Promise<void> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = "production";
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

async function putInPlace(folder: string): Promise<void> {
  const old = `${folder}-old`;
  if (existsSync(DASHBOARD_DIST)) await rename(DASHBOARD_DIST, old);
  await rename(folder, DASHBOARD_DIST);
  await rm(old, { recursive: true, force: true });
}

async function compress(assets: string): Promise<void> {
  const names = (await readdir(assets)).filter((name) => COMPRESSED.has(extname(name)));
  await Promise.all(
    names.map(async (name) => {
      const file = join(assets, name);
      const bytes = await readFile(file);
      const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params }));
      await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
    }),
  );
}

/** Of everything that a build reads, besides the libraries, whose versions are in the manifest. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(HOME, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !/\/(?:node_modules|dist[^/]*)(?:\/|$)/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/\.test\.tsx?$/.test(file))
    .toSorted();
  for (const file of files) hash.update(file.slice(HOME.length)).update(await readFile(file));
  return hash.digest("hex");
}
