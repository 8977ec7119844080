import { readFile } from "node:fs/promises";
import { createContext, runInContext } from "node:vm";
import { beforeAll, describe, expect, it } from "vitest";
import { createJqEngine } from "../src/jq/node.ts";
import { createJsonnetEngine } from "../src/jsonnet/node.ts";
import { DEFAULT_LIMITS } from "../src/jsonnet/limits.ts";

const jq = createJqEngine();
let readme: string;
beforeAll(async () => {
  readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
});

describe("the README", () => {
  it("has examples that give what it says", () => {
    const context = createContext({ jq, jsonnet: createJsonnetEngine() });
    const examples = [...readme.matchAll(/```js\n([^]*?)```/g)].flatMap(([, code = ""]) => code.split("\n"));
    let checked = 0;
    for (const line of examples) {
      const [, code, value] = /^(\w+\.evaluate.*?); \/\/ (.*)$/.exec(line) ?? [];
      if (line.startsWith("const order")) runInContext(line.replace("const ", "globalThis."), context);
      if (code === undefined || value === undefined) continue;
      expect(JSON.parse(JSON.stringify(runInContext(code, context))), code).toEqual(JSON.parse(value));
      checked++;
    }
    expect(checked).toBe(5);
  });

  it("names functions as native and as delegated that are", () => {
    const rows = readme.slice(readme.indexOf("| lists"), readme.indexOf("Native expressions")).split("\n");
    const names = (column: number) =>
      rows.flatMap((row) =>
        [...(row.split(" | ")[column] ?? "").matchAll(/`(@?\w+(?:\/\d)?(?:\(f\))?)`/g)].map(
          ([, name = ""]) => name,
        ),
      );
    const wrong = (list: string[], isNative: boolean) =>
      list.filter(
        (name) => !callsOf(name).some((call) => jq.check(call) === null && jq.isBounded(call) === isNative),
      );
    expect(names(1).length).toBeGreaterThan(60);
    expect(names(2).length).toBeGreaterThan(25);
    expect(wrong(names(1), true)).toEqual([]);
    expect(wrong(names(2), false)).toEqual([]);
  });

  it("names the budgets that hold", () => {
    const lines = readme
      .slice(readme.indexOf("## Budgets"))
      .split("\n")
      .map((line) => line.replaceAll(/ +/g, " "));
    const row = (name: string) => lines.find((line) => line.startsWith(`| ${name} |`)) ?? "";
    const { steps, time, depth, memory, output } = DEFAULT_LIMITS;
    expect(row("steps")).toContain(`| ${steps.toLocaleString("en")} |`);
    expect(row("time")).toContain(`| ${time} ms |`);
    expect(row("nesting")).toContain(`| ${depth} calls`);
    expect(row("memory")).toContain(`| ${memory / 2 ** 20} MiB |`);
    expect(row("output")).toContain(`| ${output / 2 ** 20} Mi characters |`);
  });
});

/** The ways to call a function whose name may say the number of its arguments. */
function callsOf(name: string): string[] {
  if (name.startsWith("@")) return [name];
  if (name.endsWith("(f)")) return [name.replace("(f)", "(.)")];
  const [word = "", count] = name.split("/");
  const counts = count === undefined ? [0, 1, 2, 3] : [Number(count)];
  return counts.map((args) => (args === 0 ? word : `${word}(${Array(args).fill(".").join("; ")})`));
}
