import { afterEach, describe, expect } from "vitest";
import { onOwnApi as it } from "../fixture.ts";
import { until } from "../harness.ts";
import { createMortals, type Mortal, type Mortals } from "../model/mortal.ts";
import { type GatewayCall, type Gateways, startGateways } from "../outside/chaotic-gateways.ts";
import { type Pipeline, sms } from "../pipeline.ts";
import { insertReports } from "../../src/delivery/reports/report-store.ts";

/**
 * Three vendors in a priority list, each of which fails in every way there is, and workers that are killed. Nobody gets
 * a message twice without a reason that the log states, and every message comes to an end.
 *
 * What the vendors do follows from the seed: `CHAOS_SEED=7` is another run, `CHAOS_MESSAGES=10000` a longer one.
 */
const seed = Number(process.env.CHAOS_SEED ?? 1);
const MESSAGES = Number(process.env.CHAOS_MESSAGES ?? 300);
const VENDORS = 3;
const FALLBACK_SECONDS = 1;
/** The work of a killed worker is free again after 15 s. */
const PATIENCE_SECONDS = 100 + MESSAGES / 20;
/** Recipients of one trigger. */
const TOGETHER = 50;

let mortals: Mortals;
let gateways: Gateways;
let workers: Mortal[] = [];

afterEach(async () => {
  await Promise.all(workers.map(({ stop }) => stop()));
  await mortals.close();
  await gateways.close();
});

async function routeChaos({ services, workspace_id }: Pipeline): Promise<void> {
  const { db, vendors } = services;
  const ids: string[] = [];
  gateways = await startGateways({
    seed,
    count: VENDORS,
    late_ms: 2 * FALLBACK_SECONDS * 1000,
    async report(reports) {
      const stored = reports.map(({ gateway, message_id, status }) => ({
        workspace_id,
        vendor_config_id: ids[gateway] ?? "",
        report: {
          kind: "status" as const,
          status,
          message_id,
          vendor_message_id: null,
          address: null,
          at: null,
          reason: status === "delivery_failure" ? "LYING" : null,
        },
      }));
      await insertReports(db, stored);
    },
  });
  for (const [index, url] of gateways.urls.entries()) {
    const config = {
      url,
      body: '{"nid":"{{nid}}","to":"{{to}}"}',
      ack_id: "id",
      error_code: "error",
      error_classes: { dead: "recipient" },
    };
    const saved = {
      vendor_slug: "generic-http-sms",
      nickname: `n${index}`,
      config,
      categories: [],
      price: null,
    };
    ids.push((await db.tx((tx) => vendors.save(tx, workspace_id, saved))).id);
  }
  const listed = ids.map((id) => ({ id, fallback_seconds: FALLBACK_SECONDS }));
  for (const category of ["transactional", "promotional"] as const) {
    const route = { tenant_id: "default", channel: "sms" as const, category, vendors: listed };
    await db.tx((tx) => vendors.routes.set(tx, workspace_id, route));
  }
  // Their silence means something.
  await db.query("update vendor_config set reported_at = now() where workspace_id = $1", [workspace_id]);
}

async function triggerAll(pipeline: Pipeline): Promise<void> {
  for (let from = 0; from < MESSAGES; from += TOGETHER) {
    const recipients = Array.from({ length: Math.min(TOGETHER, MESSAGES - from) }, (_unused, index) => ({
      distinct_id: `person-${from + index}`,
      $sms: `+1415${String(2_000_000 + from + index)}`,
    }));
    await pipeline.trigger({ workflow: (from / TOGETHER) % 2 === 0 ? "text" : "campaign", recipients });
  }
}

type Left = Record<"unmade" | "unsent" | "waiting" | "unread" | "jobs", number>;

/** What is still to be done. */
async function readLeft({ services, workspace_id }: Pipeline): Promise<Left> {
  const [row] = await services.db.query<Left>(
    `select ($2 - (select count(*) from message where workspace_id = $1 and fallback_level = 0))::int as unmade,
            (select count(*) from message where workspace_id = $1 and status = 'triggered')::int as unsent,
            (select count(*) from vendor_fallback where workspace_id = $1)::int as waiting,
            (select count(*) from vendor_report where workspace_id = $1)::int as unread,
            (select count(*) from pgboss.job where state < 'completed')::int as jobs`,
    [workspace_id, MESSAGES],
  );
  if (row === undefined) throw new Error("nothing was counted");
  return row;
}

interface Level {
  id: string;
  group: string;
  level: number;
  status: string;
  is_urgent: boolean;
  is_reached: boolean;
  is_ambiguous: boolean;
  /** A worker died with it. */
  is_orphaned: boolean;
  failure_class: string | null;
  /** Why it went to the next vendor; null: it did not. */
  handed_over: string | null;
  calls: GatewayCall[];
}

async function readGroups({ services, workspace_id }: Pipeline): Promise<Level[][]> {
  const rows = await services.db.query<Omit<Level, "calls">>(
    `select m.id, coalesce(m.group_id, m.id) as "group", m.fallback_level as level, m.status, m.lane < 2 as is_urgent,
            m.failure_class, m.delivered_at is not null as is_reached,
            m.failure_class is not distinct from 'ambiguous' or exists (
              select from message_event e where e.workspace_id = m.workspace_id and e.message_id = m.id and
                (e.kind = 'ambiguous' or e.kind = 'attempt_failed' and e.detail->>'class' = 'ambiguous')) as is_ambiguous,
            exists (select from message_event e
              where e.workspace_id = m.workspace_id and e.message_id = m.id and e.kind = 'ambiguous') as is_orphaned,
            (select e.detail->>'reason' from message_event e
              where e.workspace_id = m.workspace_id and e.message_id = m.id and e.kind = 'handed_over') as handed_over
       from message m where m.workspace_id = $1 order by m.fallback_level`,
    [workspace_id],
  );
  const calls = Map.groupBy(gateways.calls, ({ message_id }) => message_id);
  const levels = rows.map((row) => ({ ...row, calls: calls.get(row.id) ?? [] }));
  return [...Map.groupBy(levels, ({ group }) => group).values()];
}

/** What must not be, in words; an empty list if all is well. */
function faultsOf(group: Level[]): string[] {
  const faults: string[] = [];
  const last = group.at(-1);
  if (last === undefined) return ["no message"];
  for (const [index, level] of group.entries()) {
    const taken = level.calls.filter(({ is_taken }) => is_taken);
    if (level.level !== index) faults.push("a level is missing or doubled");
    if (level.status === "triggered") faults.push("has no final status");
    if (taken.length > 1 && !level.is_ambiguous) faults.push("one vendor sent it twice");
    if (taken.length > 1 && !level.is_urgent) faults.push("one vendor sent a campaign's message twice");
    if (taken.length > 0 && index < group.length - 1 && !isExcused(level)) faults.push("two vendors sent it");
    const wasRefused = level.calls.length > 0 && taken.length === 0;
    const isLie = level.calls.some(({ report }) => report === "unfounded");
    if (wasRefused && !isLie && level.status !== "trigger_failed") faults.push("refused, but not failed");
  }
  const isOver =
    last.level === VENDORS - 1 ||
    last.calls.some(({ manner }) => manner === "dead_number") ||
    (last.is_ambiguous && !last.is_urgent) ||
    group.some(({ is_reached }) => is_reached);
  if (last.status.endsWith("failed") && !isOver) faults.push("given up before the last vendor");
  if (last.status === "failure_by_vendor" && !isOver) faults.push("a reported failure was not handed over");
  return faults;
}

/** Why the next vendor may send what this one has sent. */
function isExcused({ is_ambiguous, handed_over, calls }: Level): boolean {
  const reports = new Set(calls.map(({ report }) => report));
  if (is_ambiguous) return true;
  if (reports.has("failure")) return handed_over === "LYING";
  const isSilent = !reports.has("prompt") && !reports.has("repeated");
  return isSilent && handed_over === "its delivery was not reported in time";
}

describe("three vendors that fail in every way", { timeout: (3 * PATIENCE_SECONDS + 30) * 1000 }, () => {
  it("deliver every message once, or say why not, though workers die", async ({ harness, pipeline }) => {
    await pipeline.addTemplate("text");
    await pipeline.commit("text", [sms("sms_1")]);
    await pipeline.commit("campaign", [sms("sms_1")], { category: "promotional" });
    await routeChaos(pipeline);
    mortals = createMortals(harness, { timeout_ms: 3000 });
    workers = await Promise.all([mortals.start(), mortals.start()]);
    await triggerAll(pipeline);

    const called = (count: number) => until(async () => gateways.calls.length >= count, PATIENCE_SECONDS);
    await called(MESSAGES / 4);
    await workers.shift()?.kill();
    workers.push(await mortals.start());
    await called(MESSAGES / 2);
    await Promise.all(workers.map(({ kill }) => kill()));
    workers = await Promise.all([mortals.start(), mortals.start()]);

    let left: Left | undefined;
    await until(async () => {
      await gateways.reported();
      left = await readLeft(pipeline);
      return Object.values(left).every((count) => count === 0);
    }, PATIENCE_SECONDS).catch((error: unknown) => {
      throw new Error(`not over: ${JSON.stringify(left)}`, { cause: error });
    });

    const groups = await readGroups(pipeline);
    expect(groups).toHaveLength(MESSAGES);
    const faulty = groups.flatMap((group) => faultsOf(group).map((fault) => ({ fault, group })));
    expect(faulty).toEqual([]);
    const counts = countOutcomes(groups);
    // Otherwise nothing was tried.
    for (const [what, count] of Object.entries(counts)) expect(count, what).toBeGreaterThan(0);
    if (process.env.CHAOS_MESSAGES !== undefined)
      console.log({ seed, calls: gateways.calls.length, ...counts });
  });
});

function countOutcomes(groups: Level[][]): Record<string, number> {
  const taken = (group: Level[]) =>
    group.reduce((sum, { calls }) => sum + calls.filter(({ is_taken }) => is_taken).length, 0);
  const where = (holds: (group: Level[]) => boolean) => groups.filter(holds).length;
  return {
    sent_once: where((group) => taken(group) === 1),
    sent_more_than_once: where((group) => taken(group) > 1),
    never_sent: where((group) => taken(group) === 0),
    at_the_second_vendor: where((group) => group.length > 1),
    at_the_third_vendor: where((group) => group.length > 2),
    orphaned: where((group) => group.some(({ is_orphaned }) => is_orphaned)),
    in_doubt: where((group) => group.some(({ is_ambiguous }) => is_ambiguous)),
    handed_over_in_silence: where((group) =>
      group.some(({ handed_over }) => handed_over === "its delivery was not reported in time"),
    ),
    reported_failed: where((group) => group.some(({ handed_over }) => handed_over === "LYING")),
  };
}
