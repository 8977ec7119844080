import { afterAll, beforeAll, describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import { nodeReference } from "../../../../scripts/node-reference.ts";
import { settingRows } from "../../../../scripts/node-settings-table.ts";
import { nodes } from "../../src/nodes/index.gen.ts";
import { startCalledServer } from "../outside/called-server.ts";
import { readNodeExamples } from "./node-examples.ts";
import { FENCED } from "./run-page.ts";
import { type ExampleServer, missingLines, runNodeExample } from "./run-node-example.ts";

/* The reference of nodes is complete, and its examples work as written. */
const examples = await readNodeExamples();
const types = nodes.map(({ type }) => type).toSorted();

let server: ExampleServer;

beforeAll(async () => {
  const replies: ExampleServer["replies"] = [];
  const called = await startCalledServer(() => {
    const { status, body } = server.replies.shift() ?? { status: 500 };
    return [status, body];
  });
  server = { ...called, replies };
});
afterAll(async () => {
  await server.close();
});

describe("the reference of nodes", () => {
  it("has an example of every type, and of no other", () => {
    expect([...examples.keys()]).toEqual(types);
    expect(types).toHaveLength(25);
  });

  it("shows in each example the node that it is of", () => {
    for (const [type, { example }] of examples)
      expect(JSON.stringify(example.workflows), type).toContain(`"node_type":"${type}"`);
  });

  it("prints the workflows that are run, and nothing as JSON that is none", () => {
    const pages = nodeReference(nodes, examples);
    for (const [type, { example }] of examples) {
      const page = pages.get(`nodes/${type}.md`) ?? "";
      const printed = [...page.matchAll(FENCED)]
        .filter(([, language]) => language === "json")
        .map(([, , block = ""]) => JSON.parse(block) as unknown);
      for (const body of Object.values(example.workflows)) expect(printed, type).toContainEqual(body);
    }
  });

  it.each(nodes.map((node) => [node.type, node] as const))(
    "says what each setting of %s means",
    (_type, node) => {
      const rows = settingRows(node.config);
      expect(rows.filter(({ meaning }) => meaning === "").map(({ name }) => name)).toEqual([]);
      expect(rows.filter(({ type }) => type === "" || type === "undefined")).toEqual([]);
    },
  );
});

describe("the example of", () => {
  it.for([...examples])("%s does what the reference says", async ([_type, { example }], { harness }) => {
    const seen = await runNodeExample(harness, server, example);
    for (const [index, step] of example.steps.entries()) {
      const was = seen.steps[index];
      expect(sorted(was?.messages), `messages of step ${index + 1}`).toEqual(sorted(step.messages));
      expect(missingLines(step.log, was?.log ?? []), `step ${index + 1}, of ${was?.log.join("\n")}`).toEqual(
        [],
      );
      expect(was?.calls, `calls of step ${index + 1}`).toHaveLength(step.calls.length);
      for (const [place, { request }] of step.calls.entries()) {
        const { method, path, headers, body } = was?.calls[place] ?? { body: "" };
        expect({ method, path }).toEqual({ method: request.method, path: request.path });
        expect(headers).toMatchObject(request.headers ?? {});
        expect(body === "" ? undefined : JSON.parse(body)).toEqual(request.body);
      }
    }
    expect(sorted(seen.executions)).toEqual(sorted(example.executions));
  });
});

/** Runs of one trigger have no defined order. */
function sorted<T>(list: readonly T[] = []): T[] {
  return list.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}
