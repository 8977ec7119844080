import { describe, expect } from "vitest";
import { is } from "../../../../test/conditions.ts";
import { onApi as it } from "../../../../test/fixture.ts";
import { CONTENTS } from "../../../../test/hostile/contents.ts";
import { createHub } from "../../../../test/hub.ts";
import { createManagement, type Management } from "../../../../test/management.ts";

/* What the command line tool pulls can be pushed back: in the order of its calls, with the bodies that it sends. */

interface Pulled {
  template: { enabled_channels: string[] };
  variants: { channel: string; id: string }[];
  mock_data: { data: object };
  order: object;
}

async function pull(m: Management, slug: string): Promise<Pulled> {
  const variants = await m.template(
    "GET",
    `${slug}/variant?mode=draft&include_content=true&limit=50&offset=0`,
  );
  return {
    template: (await m.template("GET", `${slug}?mode=draft`)).body,
    variants: variants.body.results,
    mock_data: (await m.template("GET", `${slug}/mock_data?mode=draft`)).body,
    order: (await m.template("GET", `${slug}/variant/order?mode=draft`)).body,
  };
}

async function push(m: Management, slug: string, { template, variants, mock_data, order }: Pulled) {
  const answers = [
    await m.template("POST", slug, { enabled_channels: template.enabled_channels }),
    await m.template("POST", slug, template),
  ];
  for (const variant of variants) {
    const path = `${slug}/channel/${variant.channel}/variant/${variant.id}`;
    answers.push(await m.template("POST", path, variant));
  }
  answers.push(
    await m.template("PATCH", `${slug}/mock_data`, { data: mock_data.data }),
    await m.template("POST", `${slug}/variant/order?mode=draft`, order),
  );
  for (const { status, body } of answers) expect([status, body.message]).toEqual([200, undefined]);
  return m.template("PATCH", `${slug}/commit?commit_message=pushed`, {});
}

/** A template with everything that there can be. */
async function addRich(m: Management): Promise<void> {
  const channels = Object.keys(CONTENTS);
  await m.template("POST", "rich", {
    name: "Rich",
    description: "Ünï",
    tags: ["a", "b"],
    enabled_channels: channels,
  });
  for (const [channel, [content]] of Object.entries(CONTENTS)) {
    const save = (id: string, more: object) =>
      m.template("POST", `rich/channel/${channel}/variant/${id}`, { locale: "en", content, ...more });
    await save("default", { needs_vendor_approval: channel === "sms" });
    await save("pro", { conditions: [is("plan", "pro", "$recipient")], seq_no: 5 });
    await save("acme-es", { tenant_id: "acme", locale: "es-MX" });
  }
  await m.template("PATCH", "rich/mock_data", { payload: { x: 1 }, tenant_id: "acme", is_batch: true });
  expect((await m.template("PATCH", "rich/commit", {})).status).toBe(200);
}

/** Without what a workspace adds. */
const comparable = ({ template, variants, mock_data, order }: Pulled) => {
  const strip = (given: object) =>
    Object.fromEntries(Object.entries(given).filter(([key]) => !OWN_TO_A_WORKSPACE.has(key)));
  return { head: strip(template), variants: variants.map(strip), data: mock_data.data, order };
};

const OWN_TO_A_WORKSPACE = new Set([
  "created_at",
  "updated_at",
  "active_at",
  "approval_at",
  "commit_message",
]);

describe("a template that is pulled", () => {
  it("and pushed back where it came from changes nothing, and makes no version", async ({
    management: m,
  }) => {
    await addRich(m);
    const pulled = await pull(m, "rich");
    const committed = await push(m, "rich", pulled);
    expect(committed.body).toStrictEqual(pulled.template);
    expect(await pull(m, "rich")).toStrictEqual(pulled);
  });

  it("and pushed into another workspace is the same there", async ({ hub, management: m }) => {
    await addRich(m);
    const pulled = await pull(m, "rich");
    const other = createManagement(hub, (await createHub(hub)).workspace);
    expect((await push(other, "rich", pulled)).body.version_no).toBe(1);
    expect(comparable(await pull(other, "rich"))).toEqual(comparable(pulled));
  });

  it("and pushed with one text changed differs in that alone", async ({ management: m }) => {
    await addRich(m);
    const pulled = await pull(m, "rich");
    const variants = pulled.variants.map((variant) =>
      variant.channel === "sms" && variant.id === "pro"
        ? { ...variant, content: { type: "basic", body: "changed" } }
        : variant,
    );
    expect((await push(m, "rich", { ...pulled, variants })).body.version_no).toBe(2);
    const after = (await m.template("GET", "rich/variant?mode=live&limit=50")).body.results;
    const updated = after.filter(({ action }: { action: string }) => action === "Updated");
    expect(updated).toMatchObject([{ channel: "sms", id: "pro" }]);
  });
});
