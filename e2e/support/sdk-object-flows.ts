import type suprsend from "@suprsend/node-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, type World } from "./world.ts";

/** Objects and subscriptions by the names of the stock SDK, against a server process. */
export function sdkObjectFlows(sdk: typeof suprsend): void {
  let world: World;
  let client: World["client"];

  beforeAll(async () => {
    world = await createWorld(sdk);
    ({ client } = world);
  });
  afterAll(() => world.close());

  interface Obj {
    object_type: string;
    id: string;
    subscriptions_count: number;
    properties: Record<string, unknown>;
    $email?: { value: string }[];
    $inbox: { value: string }[];
  }

  interface Page<Item> {
    meta: { count: number; after: string };
    results: Item[];
  }

  const object = async (type: string, id: string) => (await client.objects.get(type, id)) as Obj;

  describe("objects", () => {
    it("are created, read, extended and edited", async () => {
      const made = (await client.objects.upsert("teams", "tax/é 1", {
        $email: "tax@example.com",
        floor: 1,
      })) as Obj;
      expect(made).toMatchObject({ object_type: "teams", id: "tax/é 1", properties: { floor: 1 } });
      expect(made.$inbox).toHaveLength(1);

      const edit = client.objects.get_edit_instance("teams", "tax/é 1");
      edit.add_email("tax@example.org");
      edit.remove_email("tax@example.com");
      edit.set({ name: "Tax" });
      edit.increment("floor", 2);
      edit.set_timezone("Europe/London");
      await client.objects.edit(edit);
      const edited = await object("teams", "tax/é 1");
      expect(edited.properties).toEqual({ name: "Tax", floor: 3, $timezone: "Europe/London" });
      expect(edited.$email).toMatchObject([{ value: "tax@example.org" }]);

      await client.objects.edit("teams", "tax/é 1", { operations: [{ $unset: ["name"] }] });
      expect((await object("teams", "tax/é 1")).properties.name).toBeUndefined();
    });

    it("are listed newest first, page by page", async () => {
      for (const id of ["a", "b", "c"]) await client.objects.upsert("listed", id, {});
      const first = (await client.objects.list("listed", { limit: 2 })) as Page<Obj>;
      const second = (await client.objects.list("listed", {
        limit: 2,
        after: first.meta.after,
      })) as Page<Obj>;
      expect([...first.results, ...second.results].map(({ id }) => id)).toEqual(["c", "b", "a"]);
    });

    it("have subscribers, and subscribe to others", async () => {
      await client.objects.upsert("firms", "acme", {});
      await client.objects.create_subscriptions("firms", "acme", {
        recipients: [
          "ann",
          { distinct_id: "bob", $email: "bob@example.com" },
          { object_type: "teams", id: "ops" },
        ],
        properties: { role: "member" },
      });
      interface Edge {
        properties: object;
        user: { distinct_id: string } | null;
        object: { object_type: string; id: string } | null;
      }
      const edges = (await client.objects.get_subscriptions("firms", "acme", { limit: 10 })) as Page<Edge>;
      const names = edges.results.map(({ user, object }) => user?.distinct_id ?? object?.id);
      expect(new Set(names)).toEqual(new Set(["ann", "bob", "ops"]));
      for (const { properties } of edges.results) expect(properties).toEqual({ role: "member" });
      expect((await object("firms", "acme")).subscriptions_count).toBe(3);

      const ofAnn = (await client.users.get_objects_subscribed_to("ann", { limit: 5 })) as Page<Edge>;
      const ofOps = (await client.objects.get_objects_subscribed_to("teams", "ops", {
        limit: 5,
      })) as Page<Edge>;
      for (const page of [ofAnn, ofOps]) {
        expect(page).toMatchObject({
          meta: { count: 1 },
          results: [{ object: { object_type: "firms", id: "acme" } }],
        });
      }

      await client.objects.delete_subscriptions("firms", "acme", {
        recipients: ["ann", { object_type: "teams", id: "ops" }],
      });
      const left = (await client.objects.get_subscriptions("firms", "acme")) as Page<Edge>;
      expect(left.results.map(({ user }) => user?.distinct_id)).toEqual(["bob"]);
    });

    it("are deleted, one and many", async () => {
      for (const id of ["a", "b", "c"]) await client.objects.upsert("gone", id, {});
      expect(await client.objects.delete("gone", "a")).toEqual({ success: true, status_code: 204 });
      expect(await client.objects.bulk_delete("gone", { object_ids: ["b", "c", "never-was"] })).toEqual({
        success: true,
        status_code: 204,
      });
      expect(((await client.objects.list("gone", {})) as Page<Obj>).results).toEqual([]);
      await expect(client.objects.get("gone", "a")).rejects.toThrow("404: object 'gone/a' not found");
    });
  });
}
