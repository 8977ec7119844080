import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type RenderedChunk } from "rolldown";
import { root } from "./run-steps.ts";

export interface Bundle {
  /** `jq.js` */
  file: string;
  /** Bytes, minified. */
  size: number;
}

type Exports = Record<string, string | { default: string }>;

/** Each door of a package as one minified module for browsers: what `default` in its exports names, all included. */
export async function bundleDoors(name: string, folder: string): Promise<Bundle[]> {
  const home = join(root, "packages", name);
  const { exports } = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as { exports: Exports };
  const bundles: Bundle[] = [];
  for (const [door, target] of Object.entries(exports)) {
    const file = `${door.replace("./", "")}.js`;
    const { output } = await build({
      input: join(home, typeof target === "string" ? target : target.default),
      platform: "browser",
      logLevel: "warn",
      output: { file: join(folder, file), format: "esm", minify: true, postBanner: noticesOf },
    });
    bundles.push({ file, size: Buffer.byteLength(output[0].code) });
  }
  return bundles;
}

/** Whose code is in a bundle: name, licence and copyright, which licences want to stand there. */
export async function noticesOf({ moduleIds }: RenderedChunk): Promise<string> {
  const folders = moduleIds.map((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0]);
  const notices: string[] = [];
  for (const folder of new Set(folders)) {
    if (folder === undefined) continue;
    const { name, version, license } = JSON.parse(
      await readFile(join(folder, "package.json"), "utf8"),
    ) as Record<string, string>;
    const [copyright = ""] = /^Copyright.*$/m.exec(await readFile(join(folder, "LICENSE"), "utf8")) ?? [];
    notices.push(`/*! ${name} ${version}, ${license}. ${copyright} */`);
  }
  return notices.join("\n");
}

/** One source as a minified script that a page holds or a browser loads. */
export async function bundleScript(file: string): Promise<string> {
  const { output } = await build({
    input: join(root, file),
    platform: "browser",
    logLevel: "warn",
    write: false,
    output: { format: "iife", minify: true },
  });
  return output[0].code.trim();
}
