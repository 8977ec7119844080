import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type suprsend from "@suprsend/node-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../packages/server/test/harness.ts";
import { publish } from "./content.ts";
import { findPart } from "./mime.ts";
import { createWorld, type World } from "./world.ts";

/** Broadcasts by the names of the stock SDK, against a server process, to a real mail server. */
export function sdkBroadcastFlows(sdk: typeof suprsend): void {
  let world: World;
  let client: World["client"];

  beforeAll(async () => {
    world = await createWorld(sdk);
    ({ client } = world);
    await publish(world);
    await client.subscriber_lists.create({ list_id: "beta" });
    for (const id of ["ann", "bob", "cyd"]) await client.users.upsert(id, { $email: [`${id}@example.com`] });
    await client.subscriber_lists.add("beta", ["ann", "bob"]);
  });
  afterAll(() => world.close());

  interface Row {
    id: string;
    status: string;
    recipients: number | null;
    triggered: number;
    list_id: string;
  }

  const stored = (key: string) =>
    world.db.query<Row>(
      "select id, status, recipients, triggered, list_id from broadcast where idempotency_key = $1",
      [key],
    );

  describe("broadcasts", () => {
    it("reach everybody in a list, with the data and files that were sent", async () => {
      const broadcast = new sdk.SubscriberListBroadcast(
        {
          list_id: "beta",
          template: "order",
          notification_category: "promotional",
          channels: ["email"],
          data: { order: { id: "A-7", note: "to all" } },
        },
        { idempotency_key: "news-1" },
      );
      const folder = await mkdtemp(join(tmpdir(), "carillon-e2e-"));
      await writeFile(join(folder, "terms.txt"), "The terms.");
      broadcast.add_attachment(join(folder, "terms.txt"));
      await rm(folder, { recursive: true });
      expect(await client.subscriber_lists.broadcast(broadcast)).toMatchObject({
        success: true,
        status: "success",
        status_code: 202,
      });
      for (const name of ["ann", "bob"]) {
        const { mime } = await world.mailTo(`${name}@example.com`);
        expect(mime.headers.subject).toContain("Bestellung A-7");
        expect(findPart(mime, "text/plain")?.body.toString()).toContain("to all");
        const file = mime.parts.find(({ filename }) => filename === "terms.txt");
        expect(file?.body.toString()).toBe("The terms.");
      }
      const [row] = await until(async () => {
        const rows = await stored("news-1");
        return rows[0]?.status === "completed" ? rows : null;
      });
      expect(row).toMatchObject({ recipients: 2, triggered: 2 });
      await client.subscriber_lists.broadcast(broadcast);
      expect(await stored("news-1")).toHaveLength(1);
    });

    it("wait for their time, in a tenant", async () => {
      const broadcast = new sdk.SubscriberListBroadcast(
        {
          list_id: "beta",
          template: "order",
          notification_category: "transactional",
          data: {},
          delay: "1d2h",
        },
        { idempotency_key: "later-1", tenant_id: "default" },
      );
      expect(await client.subscriber_lists.broadcast(broadcast)).toMatchObject({ success: true });
      expect(await stored("later-1")).toMatchObject([{ status: "scheduled", recipients: null }]);
    });

    it("are refused with the reason", async () => {
      const broadcast = new sdk.SubscriberListBroadcast({
        list_id: "beta",
        template: "order",
        notification_category: "unheard-of",
        data: {},
      });
      const answer = await client.subscriber_lists.broadcast(broadcast);
      expect(answer).toMatchObject({ success: false, status: "fail", status_code: 400 });
    });
  });
}
