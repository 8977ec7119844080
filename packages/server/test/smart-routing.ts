import type { Channel } from "../src/core/channel.ts";
import type { JsonObject } from "../src/core/json.ts";
import { applyReceipts } from "../src/delivery/receipts.ts";
import { createPreferences } from "../src/preferences/preferences.ts";
import { type Server, until } from "./harness.ts";
import type { CalledVendor } from "./outside/called-vendor.ts";
import { node, type Pipeline } from "./pipeline.ts";
import type { Worker, Workers } from "./worker.ts";

/** What tests of smart routing share: its workflow, whose messages and steps they look at, and time that they pass. */
export const query = (harness: Server, text: string, values: unknown[] = []) =>
  harness.services.db.query<JsonObject>(text, values);

const START = new Date("2030-01-01T00:00:00Z");

/** Templates for the channels, and a clock that stands still. */
export async function prepare(pipeline: Pipeline): Promise<void> {
  await pipeline.addTemplate("text", ["inbox", "email", "sms", "androidpush"]);
  await query(pipeline, "update workspace set clock_frozen_at = $2 where workspace_id = $1", [
    pipeline.workspace_id,
    START,
  ]);
}

export const pass = (pipeline: Pipeline, minutes: number) =>
  query(
    pipeline,
    "update workspace set clock_frozen_at = clock_frozen_at + make_interval(secs => $2 * 60) where workspace_id = $1",
    [pipeline.workspace_id, minutes],
  );

/** Ann turns a channel off. */
export async function restrict(harness: Server, { workspace_id }: Pipeline, channel: Channel): Promise<void> {
  const { db, catalog } = harness.services;
  const [row] = await query(harness, "select id from recipient where workspace_id = $1", [workspace_id]);
  const who = { recipient_ids: [row?.id as string], tenant_id: "default" };
  await db.tx((tx) =>
    createPreferences({ db, catalog }).setChannelPreference(tx, workspace_id, who, [
      { channel, is_restricted: true },
    ]),
  );
}

export async function work(workers: Workers, vendors: CalledVendor[] = []): Promise<Worker> {
  return workers.start({ vendors: vendors.map(({ vendor }) => vendor) });
}

export const smart = (properties: JsonObject = {}) =>
  node("send_smart_channel_routing", "smart_1", { template: "text", ...properties });

export const ANN = {
  distinct_id: "ann",
  $email: "ann@example.com",
  $sms: "+14155550100",
  $androidpush: { token: "token-ann", provider: "fcm" },
};

/** Triggers the workflow and waits until its messages exist. */
export async function start(
  pipeline: Pipeline,
  properties: JsonObject = {},
  recipient: JsonObject = ANN,
): Promise<Message[]> {
  await pipeline.commit("smart", [smart(properties)]);
  await pipeline.trigger({ workflow: "smart", recipients: [recipient] });
  await pipeline.finished(1);
  return messages(pipeline);
}

export interface Message extends JsonObject {
  id: string;
  channel: string;
  identity_key: string;
  status: string;
  execution_id: string;
}

export const messages = (pipeline: Pipeline) =>
  query(
    pipeline,
    `select id, channel, identity_key, status, failure_reason, smart_step, success_metric, wait_time_in_seconds,
            success_achieved_at is not null as achieved, execution_id
       from message where workspace_id = $1 order by smart_step, channel, id`,
    [pipeline.workspace_id],
  ) as Promise<Message[]>;

export const statuses = async (pipeline: Pipeline) =>
  Object.fromEntries((await messages(pipeline)).map(({ channel, status }) => [channel, status]));

export const steps = async (pipeline: Pipeline) =>
  (
    await query(
      pipeline,
      `select m.channel, extract(epoch from s.due_at - s.begun_at)::float8 / 60 as minutes
         from smart_step s join message m on m.workspace_id = s.workspace_id and m.id = s.message_id
        where s.workspace_id = $1 order by s.step`,
      [pipeline.workspace_id],
    )
  ).map(({ channel, minutes }) => [channel, minutes]);

/** Resolves when every message passed to a vendor has an outcome. */
export const settled = (pipeline: Pipeline) =>
  until(async () => (await messages(pipeline)).every(({ status }) => status !== "triggered"));

export async function report(pipeline: Pipeline, channel: string, status: string): Promise<void> {
  const message = (await messages(pipeline)).find((one) => one.channel === channel);
  await pipeline.services.db.tx((tx) =>
    applyReceipts(tx, [
      { workspace_id: pipeline.workspace_id, message_id: message?.id ?? "", status, reason: null },
    ]),
  );
}

/** Sends what is due and waits for the outcomes. */
export async function tick(pipeline: Pipeline, workers: Workers): Promise<void> {
  for (const worker of workers.running()) await worker.wake();
  await settled(pipeline);
}
