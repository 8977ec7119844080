import { percentile, post } from "./load.ts";
import { accepted, EMPTY, pause, type Row, type Scenario, settled } from "./measure.ts";
import { createSink, type Sink } from "./sink.ts";
import { type BenchWorkflow, createWorld, PEOPLE, type ServerProcess, type World } from "./world.ts";

/** How long a one-time password takes while a campaign is sent, and while another one computes endlessly. */
export const lanes: Scenario[] = [{ name: "lanes", run: otpBesideCampaigns }];

const text = { node_type: "send_sms", name: "Text", ref: "text", properties: { template: "bench" } };
const all = { node_type: "send_multi_channel", name: "All", ref: "all", properties: { template: "bench" } };

/** Uses the full time limit of an expression for each of its recipients. */
const endless = (index: number) => ({
  node_type: "transform",
  name: "Endless",
  ref: "endless",
  properties: {
    variables: [
      {
        key: "x",
        value_lang: "jsonnet",
        value: `local f(n) = if n == 0 then ${index} else f(n - 1) tailstrict; f(1e15)`,
      },
    ],
  },
});

/** The workflow of `sendPasswords`. */
export const OTP: BenchWorkflow = { slug: "otp", category: "system", nodes: [text] };

const HOSTILE = 20;
const WORKFLOWS: BenchWorkflow[] = [
  OTP,
  { slug: "campaign", category: "promotional", nodes: [all] },
  ...Array.from({ length: HOSTILE }, (_unused, index) => ({
    slug: `hostile-${index}`,
    category: "promotional",
    nodes: [endless(index), all],
  })),
];

async function otpBesideCampaigns(serverUrl: string, scale: number): Promise<Row[]> {
  const sink = await createSink();
  const world = await createWorld(serverUrl, "lanes", sink.url, WORKFLOWS);
  const server = await world.startServer("all");
  const passwords = { world, server, sink, count: Math.round(300 * scale) };
  await sendPasswords({ ...passwords, count: 50 });
  const idle = await sendPasswords(passwords);

  const campaign = (slugs: string[], triggers: number) => beginCampaign(world, server, slugs, triggers);
  const recipients = Math.round(60_000 * scale);
  const began = performance.now();
  await campaign(["campaign"], recipients / 100);
  const beside = await sendPasswords(passwords);
  const [left] = await world.db.query<{ count: number }>(
    "select count(*)::int as count from pgboss.job where state <= 'active' and name like '%promotional'",
  );
  await settled(world);
  const seconds = (performance.now() - began) / 1000;

  const slugs = WORKFLOWS.map(({ slug }) => slug).filter((slug) => slug.startsWith("hostile"));
  await campaign(slugs, Math.round(20 * scale));
  const besideHostile = await sendPasswords(passwords);
  const peak_mb = await server.peakMemory();
  await server.stop();
  sink.close();
  await world.close();
  const ratio = (one: Latency) => (one.p50_ms / idle.p50_ms).toFixed(1);
  console.log(
    `  campaign: ${Math.round(recipients / seconds)} recipients/s, jobs of it left at the end ${left?.count ?? 0}; p50 is ${ratio(beside)} and ${ratio(besideHostile)} times the idle one`,
  );
  const row = (scenario: string, latency: Latency, floor = ""): Row => ({
    ...EMPTY,
    scenario,
    unit: "triggers",
    ...latency,
    peak_mb,
    floor,
  });
  return [
    row("one-time password, trigger to vendor call, idle", idle),
    row("the same beside a campaign", beside, "twice the idle p50"),
    row("the same beside a campaign whose expressions never end", besideHostile),
  ];
}

export interface Latency {
  p50_ms: number;
  p99_ms: number;
}

/** One at a time, from the first byte sent to the vendor's socket. */
export async function sendPasswords({
  world,
  server,
  sink,
  count,
  pause_ms = 5,
  until = () => false,
}: {
  world: World;
  server: ServerProcess;
  sink: Sink;
  count: number;
  pause_ms?: number;
  /** Ends it before. */
  until?: () => boolean;
}): Promise<Latency> {
  const latencies: number[] = [];
  for (let index = 0; index < count && !until(); index++) {
    const arrival = Promise.withResolvers<number>();
    const code = `otp-${crypto.randomUUID()}`;
    sink.onArrival((at, request) => {
      if (request.includes(code)) arrival.resolve(at);
    });
    const started = performance.now();
    await accepted(server.port, 1, 1, () => trigger(world, [body("otp", [`user-${index % PEOPLE}`], code)]));
    latencies.push((await arrival.promise) - started);
    await pause(pause_ms);
  }
  const sorted = Float64Array.from(latencies).sort();
  return { p50_ms: percentile(sorted, 0.5), p99_ms: percentile(sorted, 0.99) };
}

async function beginCampaign(
  world: World,
  server: ServerProcess,
  slugs: string[],
  triggers: number,
): Promise<void> {
  const people = Array.from({ length: 100 }, (_unused, index) => `user-${index}`);
  const bodies = slugs.flatMap((slug) => Array.from({ length: triggers }, () => body(slug, people, "sale")));
  const groups = Array.from({ length: Math.ceil(bodies.length / 100) }, (_unused, index) =>
    bodies.slice(index * 100, index * 100 + 100),
  );
  await accepted(server.port, 1, groups.length, (index) => trigger(world, groups[index] ?? []));
}

function body(workflow: string, recipients: string[], code: string): object {
  return { workflow, recipients, data: { code, order: { id: "A-1" } } };
}

function trigger(world: World, records: object[]): Buffer {
  return post("/trigger/", { authorization: `Bearer ${world.apiKey}` }, JSON.stringify(records));
}
