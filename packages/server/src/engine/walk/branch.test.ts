import { describe, expect } from "vitest";
import { onServer as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { is } from "../../../test/conditions.ts";
import { branch, delay, sms, sentBy } from "../../../test/pipeline.ts";
import type { StoredNode } from "../../catalog/workflow.ts";
import type { JsonObject } from "../../core/json.ts";

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const when = (text: string) => is("way", text);

const chain = [
  sms("before"),
  branch("b", [
    { when: when("left"), nodes: [sms("left_1"), sms("left_2")] },
    { when: is("way", "both"), nodes: [sms("first")] },
    { when: is("way", "both"), nodes: [sms("second")] },
    { when: when("end"), nodes: [sms("last")], is_terminal: true },
    { when: when("nothing"), nodes: [] },
    { when: when("dead_end"), nodes: [], is_terminal: true },
    { nodes: [sms("default")] },
  ]),
  sms("after"),
];

const nested = [
  branch("outer", [
    {
      when: is("a", "1"),
      nodes: [
        sms("in_a"),
        branch("inner", [
          { when: is("b", "1"), nodes: [sms("in_b")] },
          { when: is("b", "2"), nodes: [sms("ends_in_b")], is_terminal: true },
          { nodes: [] },
        ]),
        sms("after_inner"),
      ],
    },
    {
      when: is("a", "2"),
      is_terminal: true,
      nodes: [branch("deep", [{ when: is("b", "1"), nodes: [sms("deep_b")] }, { nodes: [] }])],
    },
    { nodes: [] },
  ]),
  sms("after_outer"),
];

const last = [sms("before"), branch("b", [{ when: when("left"), nodes: [] }, { nodes: [] }])];

describe("a branch node", () => {
  it.for<[string, StoredNode[], JsonObject, string[]]>([
    [
      "takes the branch that holds and rejoins after it",
      chain,
      { way: "left" },
      ["before", "left_1", "left_2", "after"],
    ],
    ["takes the first of two that hold", chain, { way: "both" }, ["before", "first", "after"]],
    ["takes the default when none holds", chain, { way: "up" }, ["before", "default", "after"]],
    ["takes the default when there is nothing to compare", chain, {}, ["before", "default", "after"]],
    ["ends the run after a terminal branch", chain, { way: "end" }, ["before", "last"]],
    ["falls through an empty branch", chain, { way: "nothing" }, ["before", "after"]],
    ["ends the run at an empty terminal branch", chain, { way: "dead_end" }, ["before"]],
    ["as the last node completes the run", last, { way: "left" }, ["before"]],
    [
      "inside a branch rejoins inside, then outside",
      nested,
      { a: "1", b: "1" },
      ["in_a", "in_b", "after_inner", "after_outer"],
    ],
    [
      "inside a branch falls through to its parent",
      nested,
      { a: "1" },
      ["in_a", "after_inner", "after_outer"],
    ],
    [
      "inside a branch ends the whole run when it is terminal",
      nested,
      { a: "1", b: "2" },
      ["in_a", "ends_in_b"],
    ],
    ["rejoins to the end of a terminal branch, and no further", nested, { a: "2", b: "1" }, ["deep_b"]],
    ["falls through to the end of a terminal branch", nested, { a: "2" }, []],
  ])("%s", async ([_name, nodes, data, refs], { pipeline }) => {
    await pipeline.commit("forked", nodes);
    await pipeline.trigger({ workflow: "forked", recipients: [ann], data });

    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed", position: null }]);
    expect(await sentBy(pipeline)).toEqual(refs);
  });

  it("logs each condition with the values it read, and the branch taken", async ({ pipeline }) => {
    await pipeline.commit("forked", chain);
    await pipeline.trigger({ workflow: "forked", recipients: [ann], data: { way: "end" } });

    const [run] = await pipeline.finished(1);
    const seen = (run?.steps ?? []).filter(({ n, s }) => n === "b" && s === "expression_evaluated");
    expect(seen.map(({ p }) => [p?.branch, p?.result])).toEqual([
      ["b-0", false],
      ["b-1", false],
      ["b-2", false],
      ["b-3", true],
    ]);
    expect(JSON.stringify(seen[0]?.p)).toContain('"end"');
  });

  it("whose branch sleeps continues inside it, and rejoins", async ({ pipeline, harness }) => {
    const nodes = [
      branch("outer", [
        {
          when: is("way", "left"),
          nodes: [
            branch("inner", [
              { when: is("way", "left"), nodes: [sms("asleep"), delay("wait", "1h"), sms("awake")] },
              { nodes: [] },
            ]),
            sms("after_inner"),
          ],
        },
        { nodes: [] },
      ]),
      sms("after_outer"),
    ];
    await pipeline.commit("forked", nodes);
    await pipeline.trigger({ workflow: "forked", recipients: [ann], data: { way: "left" } });
    const run = await until(async () => (await pipeline.runs()).find(({ wake_at }) => wake_at !== null));
    expect(run.position).toBe("0.0.0.0.1");
    await harness.services.db.query("update run set wake_at = now() - interval '1 second' where id = $1", [
      run.id,
    ]);
    harness.services.engine.wakeAt(new Date());
    await pipeline.finished(1);

    expect(await sentBy(pipeline)).toEqual(["asleep", "awake", "after_inner", "after_outer"]);
  });

  it("without a default whose conditions are all false fails the run", async ({ pipeline }) => {
    const [forked] = last.slice(1);
    const branches = forked?.branches?.map((one) => ({ ...one, is_default: false, conditions: [when("x")] }));
    await pipeline.commit("forked", [{ ...forked, branches } as unknown as StoredNode]);
    await pipeline.trigger({ workflow: "forked", recipients: [ann] });

    const [run] = await pipeline.finished(1);
    expect(run).toMatchObject({ status: "failed" });
    expect(run?.steps.at(-1)).toMatchObject({ m: "branch: no default branch" });
  });
});
