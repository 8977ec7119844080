import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import type { Hub } from "../../test/hub.ts";
import type { Queryable } from "../db/db.ts";
import { type Company, findOutsiders } from "./outsiders.ts";

const user = (distinct_id: string) => ({ object_type: "", distinct_id });
const company = (tenant_id: string | null, ...people: string[]): Company => ({
  tenant_id,
  people: people.map(user),
});

/** Ann and cid belong to acme, bob to bell, dan to nobody. */
it.beforeEach(async ({ hub }) => {
  for (const tenant of ["acme", "bell"])
    await hub.call("POST", `/v1/tenant/${tenant}/`, { tenant_name: tenant });
  for (const path of ["ann/tenant/acme/", "cid/tenant/acme/", "bob/tenant/bell/", "dan/"])
    await hub.call("POST", `/v1/user/${path}`, {});
});

async function ask({ services: { db }, workspace_id }: Hub, companies: Company[]) {
  let statements = 0;
  const counting: Pick<Queryable, "query"> = {
    query(...statement) {
      statements += 1;
      return db.query(...statement);
    },
  };
  const found = await findOutsiders(counting as Queryable, workspace_id, companies);
  return { found, statements };
}

describe("outsiders", () => {
  it("are found for each company, the first by name, with one statement for all", async ({ hub }) => {
    const companies = [
      company("acme", "ann", "dan", "new"),
      company("bell", "cid", "bob", "ann"),
      company("acme", "ann", "bob"),
      company(null, "ann", "bob"),
      company("default", "ann", "bob"),
      company("bell"),
      { tenant_id: "bell", people: [{ object_type: "team", distinct_id: "ann" }, user("bob")] },
    ];
    const found = [null, "ann", "bob", null, null, null, null];
    expect(await ask(hub, companies)).toEqual({ found, statements: 1 });
  });

  it("are not looked for in the default tenant", async ({ hub }) => {
    const companies = [company(null, "ann"), company("default", "bob")];
    expect(await ask(hub, companies)).toEqual({ found: [null, null], statements: 0 });
  });

  it("do not exist in a shared workspace", async ({ hub }) => {
    await hub.services.db.query(
      `update workspace set config = '{"user_tenancy_mode":"shared"}' where workspace_id = $1`,
      [hub.workspace_id],
    );
    expect((await ask(hub, [company("bell", "ann")])).found).toEqual([null]);
  });
});
