import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../packages/server/test/harness.ts";
import { CLI, command, type Command } from "./support/command.ts";

/* `carillon import` as a user calls it, against a running server. */
let harness: Harness;
let folder: string;

beforeAll(async () => {
  harness = await createHarness();
  folder = await mkdtemp(join(tmpdir(), "carillon-import-"));
});
afterAll(async () => {
  await harness?.close();
  await rm(folder, { recursive: true, force: true });
});

let made = 0;
beforeEach(() => void made++);

async function write(extension: string, text: string): Promise<string> {
  const file = join(folder, `${made}-${extension}.${extension}`);
  await writeFile(file, text);
  return file;
}

const run = (...args: string[]): Command =>
  command([CLI, "import", ...args], { CARILLON_URL: harness.url, CARILLON_API_KEY: harness.apiKey });

const api = async (path: string) => {
  const response = await fetch(`${harness.url}${path}`, {
    headers: { authorization: `Bearer ${harness.apiKey}` },
  });
  return (await response.json()) as Record<string, unknown>;
};

const refusedIn = async (file: string) =>
  (await readFile(`${file}.refused.ndjson`, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { record: number; reason: string; data: unknown });

describe("carillon import users", () => {
  it("reads a CSV file, with addresses, types and quotes, and writes down what is refused", async () => {
    const file = await write(
      "csv",
      `\uFEFFdistinct_id,$email,name,age:number,vip:boolean,tags:json,$timezone
ann,ann@example.com,"Ångström, Ann ""A""",31,true,"[""a""]",Europe/Berlin

bob,bob@example.com,"two
lines",,,,
cyd,cyd@example.com,Cyd,many,,,
short,row
,nobody@example.com,Nobody,,,,
`,
    );
    const { code, stdout, stderr } = await run("users", file).ended;
    expect({ code, stdout }).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^5 records, 3 refused;/),
    });
    expect(stderr).toContain(`refused records are in ${file}.refused.ndjson`);
    expect(await api("/v1/user/ann/")).toMatchObject({
      properties: { name: 'Ångström, Ann "A"', age: 31, vip: true, tags: ["a"], $timezone: "Europe/Berlin" },
      $email: [{ value: "ann@example.com" }],
    });
    expect(await api("/v1/user/bob/")).toMatchObject({ properties: { name: "two\nlines" } });
    const refused = (await refusedIn(file)).toSorted((one, other) => one.record - other.record);
    expect(refused).toMatchObject([
      { record: 3, reason: 'age: "many" is no number' },
      { record: 4, reason: "has 2 cells, and the first row has 7", data: ["short", "row"] },
      { record: 5, reason: expect.stringMatching(/^user: /), data: { name: "Nobody" } },
    ]);
    expect((await readdir(folder)).filter((name) => name.endsWith(".import.json"))).toEqual([]);
  });

  it("goes on where it was interrupted, and sends nobody's data twice to another effect", async () => {
    const lines = Array.from({ length: 5000 }, (_none, index) =>
      JSON.stringify({ distinct_id: `many-${made}-${index}`, $email: `many${index}@example.com`, n: index }),
    );
    const file = await write("ndjson", `${lines.join("\n")}\n`);
    const first = run("users", file);
    await until(async () => {
      const text = await readFile(`${file}.import.json`, "utf8").catch(() => "");
      return text.includes('"done"');
    });
    await first.stop("SIGKILL");
    const { done } = JSON.parse(await readFile(`${file}.import.json`, "utf8")) as { done: number };
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(lines.length);
    const second = await run("users", file).ended;
    expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/^5000 records, 0 refused/) });
    expect(second.stderr).toContain(`going on after ${done} records`);
    const [row] = await harness.services.db.query<{ users: number; addresses: number }>(
      `select count(distinct r.id)::int as users, count(i.*)::int as addresses
         from recipient r left join identity i on i.workspace_id = r.workspace_id and i.recipient_id = r.id
        where r.distinct_id like $1 and i.channel = 'email'`,
      [`many-${made}-%`],
    );
    expect(row).toEqual({ users: 5000, addresses: 5000 });
    await appendFile(file, `${JSON.stringify({ distinct_id: `many-${made}-last` })}\n`);
    expect((await run("users", file).ended).stdout).toMatch(/^5001 records/);
  }, 120_000);

  it.each([
    [["users", "nowhere.csv"], "ENOENT"],
    [["users", "file.txt"], "must end in .csv, .ndjson or .jsonl"],
    [["people", "file.csv"], '"people" cannot be imported'],
    [["users"], "carillon import users   FILE"],
    [["users", "file.csv", "--list", "beta"], "--list and --replace go with `carillon import lists`"],
  ])("refuses %j", async (args, reason) => {
    await writeFile(join(folder, "file.csv"), "distinct_id\nann\n");
    await writeFile(join(folder, "file.txt"), "");
    const named = args.map((arg) => (/\.(csv|txt)$/.test(arg) ? join(folder, arg) : arg));
    const { code, stderr } = await run(...named).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });

  it("stops at a server that does not know the caller, and notes nothing as refused", async () => {
    const file = await write("csv", "distinct_id\nann\n");
    const { code, stderr } = await run("users", file, "--api-key", "SS.wrong").ended;
    expect(code).toBe(1);
    expect(stderr).toContain("0 records are done; the same command goes on from there");
    await expect(readFile(`${file}.refused.ndjson`)).rejects.toThrow("ENOENT");
  });
});

it("carillon import objects creates and updates objects", async () => {
  const file = await write(
    "csv",
    "object_type,id,$email,name\nteams,red,red@example.com,Red\nteams,,x@example.com,None\n",
  );
  const { code, stdout } = await run("objects", file).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: "2 records, 1 refused\n" });
  expect(await api("/v1/object/teams/red/")).toMatchObject({ properties: { name: "Red" } });
  expect(await refusedIn(file)).toMatchObject([{ record: 2, reason: expect.stringContaining("id") }]);
});

it("carillon import lists adds members, or lets them take the place of all", async () => {
  for (const id of ["l1", "l2", "l3"]) {
    const user = await write("csv", `distinct_id\n${id}\n`);
    await run("users", user).ended;
  }
  const file = await write(
    "ndjson",
    '{"distinct_id":"l1"}\n{"distinct_id":"l2"}\n{"distinct_id":"nobody"}\n{"id":"x"}\n',
  );
  const added = await run("lists", file, "--list", "imported").ended;
  expect(added).toMatchObject({
    code: 2,
    stdout: "4 records, 1 refused; 2 users entered the list; 1 were in it already, or do not exist\n",
  });
  const other = await write("csv", "distinct_id\nl3\n");
  expect((await run("lists", other, "--list", "imported", "--replace").ended).code).toBe(0);
  const { results } = await api("/v1/subscriber_list/imported/subscriber/");
  expect(results).toMatchObject([{ distinct_id: "l3" }]);
});
