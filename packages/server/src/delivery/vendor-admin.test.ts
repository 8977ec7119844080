import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { createHub } from "../../test/hub.ts";

describe("the vendors of a workspace", () => {
  it("can be saved and removed by many at once", async ({ harness }) => {
    const { db, vendors } = harness.services;
    const { workspace_id } = (await createHub(harness)).workspace;
    const save = (nickname: string) =>
      db.tx((tx) =>
        vendors.save(tx, workspace_id, {
          vendor_slug: "simulator-sms",
          nickname,
          config: {},
          categories: ["system", "transactional", "promotional"],
          price: null,
        }),
      );
    const old = await Promise.all(["a", "b", "c", "d"].map(save));
    await Promise.all([
      ...old.map(({ id }) => db.tx((tx) => vendors.remove(tx, workspace_id, id))),
      ...["e", "f"].map(save),
    ]);
    const left = await vendors.list(db, workspace_id);
    expect(left.map(({ nickname }) => nickname)).toEqual(["e", "f"]);
    expect(left.filter(({ categories }) => categories.length === 3)).toHaveLength(1);
  });

  it("do not exist under an id longer than any NOTIFY can carry", async ({ harness }) => {
    const { db, vendors } = harness.services;
    const { workspace_id } = (await createHub(harness)).workspace;
    expect(await db.tx((tx) => vendors.remove(tx, workspace_id, "é".repeat(4096)))).toBe(false);
  });
});
