import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { furnishPages } from "../../test/preferences/pages.ts";
import type { Queryable } from "../db/db.ts";
import { findIds } from "../recipients/read.ts";
import { readRecipientPage } from "./recipient-page.ts";
import { readTenantPage } from "./tenant-page.ts";

const OPTIONS = {
  tenant_id: "default",
  locale: "es-AR",
  tags: null,
  show_opt_out_channels: true,
  include_disabled: true,
};

/** Runs every statement, and keeps its plan. */
function explaining(db: Queryable, plans: string[]): Queryable {
  return {
    ...db,
    query: async <Row extends object>(text: string, values?: readonly unknown[]) => {
      const rows = await db.query<{ "QUERY PLAN": string }>(`explain ${text}`, values);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      return db.query<Row>(text, values);
    },
  };
}

describe("a preference page", () => {
  it("is read through indexes alone, however many people chose something", async ({ hub, desk }) => {
    await furnishPages(hub, desk);
    const [ann = ""] = await desk.addRecipients(["ann"]);
    await desk.choose([ann], "newsletter", { preference: "opt_out" });
    await desk.restrict([ann], { sms: true });
    const { workspace_id, db } = desk;
    await db.query(
      `insert into recipient (workspace_id, id, object_type, distinct_id)
       select $1, 'r' || n, '', 'u' || n from generate_series(1, 20000) n`,
      [workspace_id],
    );
    await db.query(
      `insert into pref_category (workspace_id, recipient_id, tenant_id, category, preference)
       select $1, 'r' || n, 'default', c, 'opt_out' from generate_series(1, 20000) n, unnest('{newsletter,beta}'::text[]) c`,
      [workspace_id],
    );
    await db.query(
      `insert into pref_channel (workspace_id, recipient_id, tenant_id, channel)
       select $1, 'r' || n, 'default', 'email' from generate_series(1, 20000) n`,
      [workspace_id],
    );
    await db.query("analyze recipient, pref_category, pref_channel");
    const plans: string[] = [];
    await db.tx(async (tx) => {
      // Tables of configuration are small here: a scan of one is cheap, but there has to be an index.
      await tx.query("set local enable_seqscan to off");
      const eager = explaining(tx, plans);
      await findIds(eager, workspace_id, [{ object_type: "", distinct_id: "ann" }]);
      const { sections } = await readRecipientPage(eager, workspace_id, ann, OPTIONS);
      expect(sections.flatMap(({ subcategories }) => subcategories)).toHaveLength(5);
      await readTenantPage(eager, workspace_id, OPTIONS);
    });
    expect(plans).toHaveLength(11);
    expect(plans.filter((plan) => plan.includes("Seq Scan"))).toEqual([]);

    plans.length = 0;
    await readRecipientPage(explaining(db, plans), workspace_id, ann, OPTIONS);
    expect(plans.filter((plan) => plan.includes("Index"))).not.toEqual([]);
    expect(plans.filter((plan) => /Seq Scan on pref_/.test(plan))).toEqual([]);
  });
});
