import type suprsend from "@suprsend/node-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, type World } from "./world.ts";

/** Users created, edited, listed and deleted by the names of the stock SDK, against a server process. */
export function sdkUserFlows(sdk: typeof suprsend): void {
  let world: World;
  let client: World["client"];

  beforeAll(async () => {
    world = await createWorld(sdk);
    ({ client } = world);
  });
  afterAll(() => world.close());

  interface User {
    distinct_id: string;
    properties: Record<string, unknown>;
    $email?: { value: string; status: string }[];
    $sms?: { value: string }[];
    $inbox?: { value: string }[];
  }

  const user = async (distinct_id: string) => (await client.users.get(distinct_id)) as User;
  const valuesOf = (identities: { value: string }[] | undefined) =>
    (identities ?? []).map(({ value }) => value);

  describe("users", () => {
    it("are created, read, extended and edited, in order", async () => {
      const made = (await client.users.upsert("uma", {
        $email: "uma@example.com",
        plan: "tin",
        tags: ["a"],
      })) as User;
      expect(made).toMatchObject({ distinct_id: "uma", properties: { plan: "tin" } });
      expect(made.$inbox).toHaveLength(1);

      const edit = client.users.get_edit_instance("uma");
      edit.add_email("uma@example.org");
      edit.add_sms("+14155550123");
      edit.set({ plan: "gold", seats: 1 });
      edit.increment("seats", 4);
      edit.append("tags", "b");
      edit.set_timezone("Europe/London");
      edit.remove_email("uma@example.com");
      const edited = (await client.users.edit(edit)) as User;
      expect(edited).toEqual(await user("uma"));
      expect(edited.properties).toEqual({
        plan: "gold",
        tags: ["a", "b"],
        seats: 5,
        $timezone: "Europe/London",
      });
      expect(valuesOf(edited.$email)).toEqual(["uma@example.org"]);
      expect(valuesOf(edited.$sms)).toEqual(["+14155550123"]);

      const patched = (await client.users.edit("uma", {
        operations: [{ $unset: ["tags", "$sms"] }],
      })) as User;
      expect(patched.properties.tags).toBeUndefined();
      expect(patched.$sms).toBeUndefined();
    });

    it("are edited by the endpoint of events too, one and many, before the response", async () => {
      const edit = client.users.get_edit_instance("late/riser");
      edit.set("name", "Late Riser");
      edit.add_email("late@example.com");
      expect(await client.users.async_edit(edit)).toMatchObject({ success: true, message: "OK" });
      expect(await user("late/riser")).toMatchObject({ properties: { name: "Late Riser" } });

      const bulk = client.users.get_bulk_edit_instance();
      for (const id of ["late/riser", "early bird"]) {
        const one = client.users.get_edit_instance(id);
        one.set("bulk", true);
        bulk.append(one);
      }
      expect(await bulk.save()).toMatchObject({ status: "success", total: 2, success: 2 });
      expect((await user("late/riser")).properties).toEqual({ name: "Late Riser", bulk: true });
      expect((await user("early bird")).properties).toEqual({ bulk: true });
    });

    it("are edited by the older classes of the SDK", async () => {
      const subscriber = client.user.get_instance("old-school");
      subscriber.add_email("old@example.com");
      subscriber.add_androidpush("token-1", "fcm");
      subscriber.set("plan", "gold");
      expect(await subscriber.save()).toMatchObject({ success: true });
      subscriber.remove_email("old@example.com");

      const found = (await user("old-school")) as User & { $androidpush: object[] };
      expect(found.properties).toEqual({ plan: "gold" });
      expect(valuesOf(found.$email)).toEqual(["old@example.com"]);
      expect(found.$androidpush).toMatchObject([{ value: "token-1", id_provider: "fcm", status: "active" }]);
    });

    it("are refused as a whole when one part of an edit is wrong, with a reason", async () => {
      await client.users.upsert("strict", { plan: "tin" });
      await expect(client.users.upsert("strict", { plan: "gold", $email: "not an address" })).rejects.toThrow(
        /^400: invalid value for channel 'email'/,
      );

      expect((await user("strict")).properties).toEqual({ plan: "tin" });
    });

    it("are listed newest first, page by page", async () => {
      for (let index = 0; index < 5; index++) await client.users.upsert(`listed-${index}`, {});
      interface Page {
        meta: { after: string; before: string; count: number; has_next: boolean; has_prev: boolean };
        results: User[];
      }
      const first = (await client.users.list({ limit: 2 })) as Page;
      const second = (await client.users.list({ limit: 2, after: first.meta.after })) as Page;
      const back = (await client.users.list({ limit: 2, before: second.meta.before })) as Page;

      const ids = ({ results }: Page) => results.map(({ distinct_id }) => distinct_id);
      expect(ids(first)).toEqual(["listed-4", "listed-3"]);
      expect(ids(second)).toEqual(["listed-2", "listed-1"]);
      expect(ids(back)).toEqual(ids(first));
      expect(first.meta).toMatchObject({ has_next: true, has_prev: false });
    });

    it("are deleted, one and many", async () => {
      for (const id of ["gone-1", "gone-2", "gone-3"])
        await client.users.upsert(id, { $email: `${id}@example.com` });

      expect(await client.users.delete("gone-1")).toEqual({ success: true, status_code: 204 });
      expect(await client.users.bulk_delete({ distinct_ids: ["gone-2", "gone-3", "never-was"] })).toEqual({
        success: true,
        status_code: 204,
      });
      for (const id of ["gone-1", "gone-2", "gone-3"])
        await expect(client.users.get(id)).rejects.toThrow("404");
      await expect(client.users.delete("gone-1")).rejects.toThrow(
        "404: user [distinct_id: 'gone-1'] not found",
      );
      expect(await world.db.query("select 1 from identity where value::text like '%gone-%'")).toEqual([]);
    });
  });
}
