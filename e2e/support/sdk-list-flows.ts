import type suprsend from "@suprsend/node-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, type World } from "./world.ts";

/** Lists of users by the names of the stock SDK, against a server process. */
export function sdkListFlows(sdk: typeof suprsend): void {
  let world: World;
  let client: World["client"];

  beforeAll(async () => {
    world = await createWorld(sdk);
    ({ client } = world);
    for (const id of ["ann", "bob", "cyd"]) await client.users.upsert(id, {});
  });
  afterAll(() => world.close());

  interface List {
    list_id: string;
    subscribers_count: number;
    status: string;
    version_id: string;
  }

  const list = async (list_id: string) => (await client.subscriber_lists.get(list_id)) as List;

  describe("lists", () => {
    it("are created, filled, emptied, listed and deleted", async () => {
      await client.subscriber_lists.create({ list_id: "beta", list_name: "Beta testers" });
      expect(await client.subscriber_lists.add("beta", ["ann", "bob", "nobody"])).toEqual({
        success: true,
        affected_count: 2,
      });
      expect(await client.subscriber_lists.remove("beta", ["ann"])).toEqual({
        success: true,
        affected_count: 1,
      });
      expect(await list("beta")).toMatchObject({ list_name: "Beta testers", subscribers_count: 1 });
      expect(await client.subscriber_lists.get_all({ limit: 10, offset: 0 })).toMatchObject({
        meta: { count: 2, limit: 10, offset: 0 },
        results: [{ list_id: "beta" }, { list_id: "all_users", subscribers_count: 3 }],
      });
      expect(await client.users.get_lists_subscribed_to("bob", { limit: 5 })).toMatchObject({
        meta: { count: 1 },
        results: [{ list: { list_id: "beta" } }],
      });
      expect(await client.subscriber_lists.delete("beta")).toEqual({ success: true });
      await expect(list("beta")).rejects.toThrow("404: list_id: beta not found");
    });

    it("are replaced by a version that was filled beside them", async () => {
      await client.subscriber_lists.create({ list_id: "news" });
      await client.subscriber_lists.add("news", ["ann"]);
      const draft = (await client.subscriber_lists.start_sync("news")) as List;
      expect(draft).toMatchObject({ status: "draft", subscribers_count: 0 });
      await client.subscriber_lists.add_to_version("news", draft.version_id, ["bob", "cyd"]);
      await client.subscriber_lists.remove_from_version("news", draft.version_id, ["cyd"]);
      expect(await client.subscriber_lists.get_version("news", draft.version_id)).toMatchObject({
        subscribers_count: 1,
      });
      expect(await client.subscriber_lists.finish_sync("news", draft.version_id)).toMatchObject({
        status: "active",
        subscribers_count: 1,
      });
      const rows = await client.users.get_lists_subscribed_to("bob", {});
      expect(rows).toMatchObject({ results: [{ list: { list_id: "news" } }] });

      const second = (await client.subscriber_lists.start_sync("news")) as List;
      expect(await client.subscriber_lists.delete_version("news", second.version_id)).toEqual({
        success: true,
      });
      expect(await list("news")).toMatchObject({ subscribers_count: 1 });
    });
  });
}
