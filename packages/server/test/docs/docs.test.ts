import { execFile } from "node:child_process";
import { access, readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../src/config.ts";
import { VALUE_OPS } from "../../src/core/conditions/condition-operators.ts";
import { createHarness, type Harness } from "../harness.ts";
import { FENCED, runPage } from "./run-page.ts";

/**
 * The documentation is correct: its links resolve, the commands that it names exist, the commands of its guides work on
 * a real server, and the image's files refer to existing ones.
 */
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const execute = promisify(execFile);

interface Page {
  file: string;
  text: string;
  /** Without its fenced blocks, where anything that looks like a link is not one. */
  prose: string;
}

async function readPages(): Promise<Page[]> {
  const entries = await readdir(root, { recursive: true });
  const files = entries.filter((name) => name.endsWith(".md") && !/(^|\/)(node_modules|\.)/.test(name));
  return Promise.all(
    files.sort().map(async (file) => {
      const content = await readFile(join(root, file), "utf8");
      return { file, text: content, prose: content.replaceAll(FENCED, "") };
    }),
  );
}

async function readText(file: string): Promise<string> {
  return readFile(join(root, file), "utf8");
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/** Anchors as repository hosts derive them from headings. */
function anchorsOf(prose: string): string[] {
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("the pages", () => {
  it("link to existing files and headings", async () => {
    const pages = await readPages();
    expect(pages.length).toBeGreaterThan(10);
    const broken: string[] = [];
    for (const { file, prose } of pages) {
      for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = "", anchor] = target.split("#");
        const found = path === "" ? join(root, file) : resolve(root, dirname(file), path);
        const linked = pages.find((page) => page.file === relative(root, found));
        const isBroken =
          anchor === undefined
            ? !(await isThere(found))
            : linked === undefined || !anchorsOf(linked.prose).includes(anchor);
        if (isBroken) broken.push(`${file}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it("name existing npm scripts and verbs of carillon", async () => {
    const { scripts } = JSON.parse(await readText("package.json")) as { scripts: Record<string, string> };
    const { stdout } = await execute(process.execPath, [
      join(root, "packages/cli/bin/carillon.mjs"),
      "--help",
    ]);
    const verbs = [...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, verb]) => verb);
    expect(verbs).toContain("start");
    const unknown: string[] = [];
    for (const { file, text: page } of await readPages()) {
      for (const [command, script = ""] of page.matchAll(/\bnpm run ([\w:-]+)/g)) {
        if (!Object.hasOwn(scripts, script)) unknown.push(`${file}: ${command}`);
      }
      for (const [command, verb] of page.matchAll(/\b(?:npx carillon|`carillon) (\w+)/g)) {
        if (!verbs.includes(verb)) unknown.push(`${file}: ${command}`);
      }
    }
    expect(unknown).toEqual([]);
  });

  it("name existing settings", async () => {
    const unknown: string[] = [];
    // Capitalised names that are not settings: operators of conditions, and shell variables of guides.
    const others = new Set<string>([...VALUE_OPS, "IS_NOT", "API_KEY"]);
    for (const { file, prose } of await readPages()) {
      for (const [, name = ""] of prose.matchAll(/`([A-Z]{2,}_[A-Z_]+)(?:=[^`]*)?`/g)) {
        if (!Object.hasOwn(configSchema.shape, name) && !others.has(name)) unknown.push(`${file}: ${name}`);
      }
    }
    expect(unknown).toEqual([]);
  });

  it("of the guides and concepts stay short", async () => {
    const long = (await readPages()).filter(
      ({ file, text: page }) =>
        /^docs\/(guide|concepts)\//.test(file) && page.trimEnd().split("\n").length > 120,
    );
    expect(long.map(({ file }) => file)).toEqual([]);
  });

  it("have every magic address of the simulators", async () => {
    const rowsOf = (page: string) =>
      [...page.matchAll(/\| `?(\w+)`? +\| (\d{4}) +\| (.*?) +\|/g)].map((row) => row.slice(1).join(" "));
    const documented = rowsOf(await readText("docs/concepts/delivery.md"));
    expect(documented).toHaveLength(10);
    expect(documented).toEqual(rowsOf(await readText("packages/server/src/delivery/vendor/simulator.ts")));
  });
});

describe("the commands of a guide", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await createHarness();
  });
  afterAll(() => harness.close());

  it("lead from nothing to a message that was caught", async () => {
    const out = await runPage(harness, "docs/guide/first-notification.md");
    expect(out).toMatch(/"status":"success","message_id":"[0-9a-f-]{36}"/);
    expect(out).toContain("branch 'Above 100': true");
    expect(out).toContain('"subject":"Invoice 2026-117 is due"');
    expect(out).toContain("please pay € 129.00 by 1 December 2026.");
    expect(out).toContain('"body":"Invoice 2026-117: € 129.00 to pay."');
    expect(out).toContain('"failure_reason":"simulated: bounce"');
  });

  it("put real vendors before the simulators, with their secrets masked", async () => {
    const out = await runPage(harness, "docs/guide/send-real-mail.md");
    expect(out).toMatch(
      /"vendor_slug":"smtp-email".*"categories":\["system","transactional","promotional"\]/,
    );
    expect(out).toMatch(/"vendor_slug":"generic-http-sms"/);
    expect(out).not.toContain("…");
  });
});

describe("the image", () => {
  it("copies existing files, and every package's own", async () => {
    const dockerfile = await readText("docker/Dockerfile");
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, args = ""]) =>
      args.trim().split(/\s+/).slice(0, -1),
    );
    expect(sources).toContain("packages");
    for (const source of sources) expect(await isThere(join(root, source)), source).toBe(true);
    for (const name of await readdir(join(root, "packages"))) {
      expect(sources).toContain(`packages/${name}/package.json`);
    }
  });

  it("runs an existing file, not as root, and checks its health", async () => {
    const dockerfile = await readText("docker/Dockerfile");
    const [, entry] = /^ENTRYPOINT \["node", "([^"]+)"\]$/m.exec(dockerfile) ?? [];
    expect(await isThere(join(root, entry ?? "?"))).toBe(true);
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK .*\\\n {2}CMD .*\/healthz/m);
  });

  it("is built and given its settings by a compose file that can be read", async () => {
    const compose = await readText("docker/compose.yaml");
    // The formatter's parser refuses invalid YAML.
    await execute(join(root, "node_modules/.bin/oxfmt"), ["--check", "docker/compose.yaml"], { cwd: root });
    const [, dockerfile] = /dockerfile: (\S+)/.exec(compose) ?? [];
    expect(await isThere(resolve(root, "docker", "..", dockerfile ?? "?"))).toBe(true);
    const carillon = compose.slice(compose.indexOf("\n  carillon:"));
    const settings = [...carillon.matchAll(/^ {6}([A-Z_]+): /gm)].map(([, name]) => name);
    expect(settings).toEqual(["DATABASE_URL", "SECRET_KEY"]);
    for (const name of settings) expect(Object.keys(configSchema.shape)).toContain(name);
    expect(carillon).toContain("SECRET_KEY: ${SECRET_KEY:?");
  });
});
