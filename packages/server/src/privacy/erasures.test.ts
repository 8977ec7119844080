import { describe, expect } from "vitest";
import { onOwnServer as it } from "../../test/fixture.ts";
import { delay, node, on, sms, type World } from "../../test/behaviours/world.ts";
import { until } from "../../test/harness.ts";
import { createHub, type Hub } from "../../test/hub.ts";
import { createErasures } from "./erasures.ts";

/* What is left of a user who was deleted: in no table a word of them, in the logs what counts. */

const post = async (hub: Hub, path: string, body: object) => {
  const answer = await hub.call("POST", path, body);
  expect(answer.status, answer.text).toBeLessThan(300);
};

/** Deletes like a client, and returns the receipts that the header names. */
async function erase(hub: Hub, path: string, body?: object): Promise<string[]> {
  const { api_key } = await hub.services.workspaces.createApiKey(hub.workspace, "eraser");
  const reply = await hub.app.inject({
    method: "DELETE",
    url: path,
    headers: { authorization: `Bearer ${api_key}` },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  expect(reply.statusCode, reply.body).toBe(204);
  return String(reply.headers["x-carillon-erasure"] ?? "")
    .split(", ")
    .filter((id) => id !== "");
}

interface Receipt {
  status: string;
  distinct_id: string;
  completed_at: string | null;
  erased: Record<string, number>;
}

/** The receipt, once it is complete. */
const completed = (hub: Hub, id: string) =>
  until(async () => {
    await hub.services.erasures.eraseWaiting((error) => {
      throw error;
    });
    const { json } = await hub.call("GET", `/v1/user_erasure/${id}/`);
    const receipt = json as Receipt;
    return receipt.status === "completed" ? receipt : null;
  });

/** Every row of the workspace that has this text, in any table. */
async function rowsWith(hub: Hub, text: string): Promise<string[]> {
  const { db } = hub.services;
  const tables = await db.query<{ name: string }>(
    `select c.table_name as name from information_schema.columns c
       join information_schema.tables t using (table_schema, table_name)
      where table_schema = 'public' and c.column_name = 'workspace_id' and t.table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await db.query<{ row: string }>(
      `select t::text as row from "${name}" t where workspace_id = $1 and strpos(lower(t::text), lower($2)) > 0`,
      [hub.workspace_id, text],
    );
    found.push(...rows.map(({ row }) => `${name}: ${row}`));
  }
  return found;
}

async function furnish(world: World): Promise<void> {
  await world.template("card", {
    inbox: { header: "Hello", body: "{{$recipient.name}} {{code}}" },
    sms: { body: "{{$recipient.name}} {{code}}" },
  });
  await world.workflow("now", [node("send_inbox", "i", { template: "card" }), sms("s", "card")]);
  await world.workflow("later", [sms("first", "card"), delay("wait", "1h"), sms("then", "card")]);
  await world.workflow("told", [sms("s", "card")], on("Paid"));
}

const ANN = { name: "Secret Ann", $sms: "+14155550133", $email: "secret@x.com" };

describe("a user who is deleted", () => {
  it("is in no table any more, while the rows that count stay", async ({ world }) => {
    await furnish(world);
    await post(world, "/v1/user/old/", { name: "Secret Old", $sms: "+14155550144" });
    await world.trigger("now", ["old"], { data: { code: "secret-old" } });
    await post(world, "/v1/user/ann/", ANN);
    await post(world, "/v1/user/ann/merge/", { from_user_id: "old" });
    await post(world, "/v1/user/bob/", { name: "Bob", $sms: "+14155550155" });
    await post(world, "/v1/tenant/acme/", { tenant_name: "Acme" });
    await post(world, "/v1/user/ann/tenant/acme/", { plan: "secret plan" });
    await post(world, "/v1/subscriber_list/", { list_id: "vip" });
    await post(world, "/v1/subscriber_list/vip/subscriber/add/", { distinct_ids: ["ann"] });
    await post(world, "/v1/object/team/red/", {});
    await post(world, "/v1/object/team/red/subscription/", {
      recipients: ["ann"],
      properties: { role: "secret" },
    });
    const alone = await world.trigger("now", [{ distinct_id: "ann", nick: "secret nick" }], {
      data: { code: "secret-1" },
    });
    const shared = await world.trigger("now", ["bob", { distinct_id: "ann", nick: "secret nick" }], {
      data: { code: "for both" },
    });
    await world.trigger("now", ["bob"], {
      data: { code: "b" },
      actor: { distinct_id: "ann", nick: "secret" },
    });
    await world.trigger("later", ["ann"], { data: { code: "secret-later" } });
    await world.event("ann", "Paid", { code: "secret-paid" });
    await world.event("ann", "Unheard", { code: "secret-unheard" });
    await world.call("POST", "/trigger/", {
      workflow: "nope",
      recipients: [{ distinct_id: "ann", nick: "secret" }],
    });
    await post(world, "/v2/event/", { distinct_id: "ann", $append: { $email: "secret", secret: "secret" } });
    await until(async () => (await rowsWith(world, "user_edit")).length > 0);
    await until(async () => (await rowsWith(world, '"nope"')).length > 0);
    const before = await world.messages();
    expect((await rowsWith(world, "secret")).length).toBeGreaterThan(15);

    const [id = ""] = await erase(world, "/v1/user/ann/");
    const receipt = await completed(world, id);

    expect(await rowsWith(world, "secret")).toEqual([]);
    expect(await rowsWith(world, "4155550133")).toEqual([]);
    expect(receipt).toMatchObject({
      distinct_id: "ann",
      erased: {
        identities: 3,
        tenant_profiles: 1,
        lists: 1,
        subscriptions: 1,
        executions: 5,
        executions_as_actor: 1,
      },
    });
    const after = await world.messages();
    expect(after.map(({ message_id }) => message_id)).toEqual(before.map(({ message_id }) => message_id));
    expect(after.map(({ status }) => status)).toEqual(before.map(({ status }) => status));
    const ofAnn = after.filter(({ recipient }) => recipient.distinct_id === "ann");
    expect(ofAnn.length).toBeGreaterThan(4);
    expect(new Set(ofAnn.map(({ content }) => content))).toEqual(new Set([null]));
    const statuses = (await world.executions()).map(({ recipient, status }) => `${recipient} ${status}`);
    expect(statuses.filter((status) => status === "ann cancelled")).toHaveLength(1);
    expect(statuses.filter((status) => status.endsWith("in_progress"))).toEqual([]);
    expect((await world.request(alone)).executions).toHaveLength(1);
    // The other one's is untouched.
    const ofBob = after.filter(({ recipient }) => recipient.distinct_id === "bob");
    expect(new Set(ofBob.flatMap(({ content }) => content?.body ?? []))).toEqual(
      new Set(["Bob for both", "Bob b"]),
    );
    expect((await world.request(shared)).executions).toHaveLength(2);
    await world.pass("2h");
    expect(await world.messages()).toHaveLength(before.length);
  });

  it("is not the one who has the id later", async ({ world }) => {
    await furnish(world);
    await post(world, "/v1/user/ann/", ANN);
    await world.trigger("now", ["ann"], { data: { code: "1" } });
    const [id = ""] = await erase(world, "/v1/user/ann/");
    await post(world, "/v1/user/ann/", { name: "New Ann", $sms: "+14155550166" });
    await world.trigger("now", ["ann"], { data: { code: "2" } });
    await completed(world, id);
    const kept = (await world.messages()).map(({ content }) => content !== null);
    expect(kept).toEqual([false, false, true, true]);
    expect((await world.call("GET", "/v1/user/ann/")).json).toMatchObject({
      properties: { name: "New Ann" },
    });
  });

  it("is not made again by what was accepted before", async ({ hub, harness }) => {
    await post(hub, "/v1/user/ann/", ANN);
    await harness.services.db.tx(async (tx) => {
      await harness.services.engine.holdBackErased(tx, hub.workspace_id, ["ann"]);
      await tx.query("update cancel_notice set at = now() + interval '1 hour' where workspace_id = $1", [
        hub.workspace_id,
      ]);
      await tx.query("delete from recipient where workspace_id = $1", [hub.workspace_id]);
    });
    await hub.addWorkflow("w");
    const answer = await hub.call("POST", "/trigger/", {
      workflow: "w",
      recipients: [{ distinct_id: "ann", ...ANN }],
      actor: { distinct_id: "ann", ...ANN },
    });
    expect(answer.status).toBe(202);
    await until(async () => (await hub.requests()).some(({ status }) => status === "failure"));
    expect((await hub.call("GET", "/v1/user/ann/")).status).toBe(404);
  });

  it("has a receipt of their own in a bulk call, which no other workspace sees", async ({ hub, harness }) => {
    const other = await createHub(harness);
    for (const id of ["a", "b"]) await post(hub, `/v1/user/${id}/`, {});
    const receipts = await erase(hub, "/v1/bulk/user/", { distinct_ids: ["b", "nobody", "a", "b"] });
    const named = await Promise.all(receipts.map((id) => completed(hub, id)));
    expect(named.map(({ distinct_id }) => distinct_id)).toEqual(["b", "a"]);
    for (const id of [...receipts, "nothing"]) {
      expect(await other.call("GET", `/v1/user_erasure/${id}/`)).toMatchObject({
        status: 404,
        json: { code: 404, message: `user erasure '${id}' not found` },
      });
    }
    expect(await erase(hub, "/v1/bulk/user/", { distinct_ids: ["nobody"] })).toEqual([]);
  });
});

describe("an erasure", () => {
  it("goes on where a worker died, and counts nothing twice", async ({ hub, harness }) => {
    const { db, ids, engine } = harness.services;
    await post(hub, "/v1/user/ann/", {});
    await db.query(
      `insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, distinct_id, recipient_id,
                        tenant_id, idempotency_key, status, steps, data)
       select $1, r.id || lpad(n::text, 4, '0'), gen_random_uuid(), 'w', 'v', 1, 'ann', r.id, 'default', 'k', 'completed',
              '[{"t": 1, "s": "run_started", "m": "secret", "p": {"a": "secret"}}]', '{"code": "secret"}'
         from recipient r, generate_series(1, 120) n where r.workspace_id = $1`,
      [hub.workspace_id],
    );
    let pages = 0;
    const dying = {
      ...db,
      tx: (...args: Parameters<typeof db.tx>) =>
        ++pages > 3 ? Promise.reject(new Error("died")) : db.tx(...args),
    } as typeof db;
    const [id = ""] = await db.tx(async (tx) => {
      const receipts = await createErasures({ db, ids, engine }).record(tx, hub.workspace_id, ["ann"]);
      await tx.query("delete from recipient where workspace_id = $1", [hub.workspace_id]);
      return receipts;
    });
    await createErasures({ db: dying, ids, engine }).eraseWaiting(() => {});
    const receipt = await completed(hub, id);
    expect(receipt.erased).toMatchObject({ executions: 120, messages: 0 });
    expect(await rowsWith(hub, "secret")).toEqual([]);
  });

  it("leaves nothing behind when deletions race with triggers, events and merges", async ({ world }) => {
    await world.template("card", { inbox: { header: "Hi", body: "{{$recipient.name}}" } });
    await world.workflow("now", [node("send_inbox", "i", { template: "card" })]);
    await world.workflow("told", [node("send_inbox", "i", { template: "card" })], on("Paid"));
    const call = (nth: number) => {
      const id = ["a", "b"][nth % 2] ?? "";
      if (nth % 4 === 0) return world.call("POST", `/v1/user/${id}/`, { name: "N" });
      if (nth % 5 === 0) return world.call("DELETE", `/v1/user/${id}/`);
      if (nth % 7 === 0) return world.call("POST", `/v1/user/a/merge/`, { from_user_id: "b" });
      if (nth % 3 === 0) {
        return world.call("POST", "/v2/event/", { event: "Paid", distinct_id: id, properties: {} });
      }
      return world.call("POST", "/trigger/", {
        workflow: "now",
        recipients: [{ distinct_id: id, name: "N" }],
      });
    };
    const answers: Awaited<ReturnType<typeof call>>[] = [];
    for (let round = 0; round < 5; round++) {
      const calls = Array.from({ length: 30 }, (_unused, nth) => call(round * 30 + nth));
      answers.push(...(await Promise.all(calls)));
    }
    expect(answers.filter(({ status }) => status >= 500).map(({ text }) => text)).toEqual([]);
    await world.settle();
    const { db, erasures } = world.services;
    await until(async () => {
      await erasures.eraseWaiting((error) => {
        throw error;
      });
      const open = await db.query(
        "select from user_erasure where workspace_id = $1 and finished_at is null",
        [world.workspace_id],
      );
      return open.length === 0;
    });
    const [orphans] = await db.query<object>(
      `select (select count(*)::int from inbox_item i where workspace_id = $1 and not exists (
                 select from recipient r where r.workspace_id = i.workspace_id and r.id = i.recipient_id)) as items,
              (select count(*)::int from run i where workspace_id = $1 and status = 'in_progress') as runs,
              (select count(*)::int from message i where workspace_id = $1 and content is not null and not exists (
                 select from recipient r where r.workspace_id = i.workspace_id and r.id = i.recipient_id)) as messages`,
      [world.workspace_id],
    );
    expect(orphans).toEqual({ items: 0, runs: 0, messages: 0 });
    const [made] = await db.query<{ erasures: number }>(
      "select count(*)::int as erasures from user_erasure where workspace_id = $1",
      [world.workspace_id],
    );
    expect(made?.erasures).toBeGreaterThan(0);
  });
});
