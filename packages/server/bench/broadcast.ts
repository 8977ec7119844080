import { post } from "./load.ts";
import { accepted, EMPTY, pause, type Row, type Scenario } from "./measure.ts";
import { OTP, sendPasswords } from "./lanes.ts";
import { createSink } from "./sink.ts";
import { createWorld, type World } from "./world.ts";

/** A broadcast to a million by mail, through the simulator, and a one-time password ten times a second beside it. */
export const broadcast: Scenario[] = [{ name: "broadcast", run: broadcastToAMillion }];

const PASSWORD_EVERY_MS = 100;

async function broadcastToAMillion(serverUrl: string, scale: number): Promise<Row[]> {
  const sink = await createSink();
  const world = await createWorld(serverUrl, "broadcast", sink.url, [OTP]);
  const recipients = Math.round(1_000_000 * scale);
  await addReaders(world, recipients);
  const server = await world.startServer("all");
  const passwords = { world, server, sink, pause_ms: PASSWORD_EVERY_MS };
  await sendPasswords({ ...passwords, count: 20 });
  const idle = await sendPasswords({ ...passwords, count: 50 });
  const idle_mb = await server.peakMemory();

  const [workspace] = await world.db.query<{ uid: string }>("select uid from workspace");
  const body = { list_id: "readers", template: "letter", notification_category: "promotional", data: {} };
  const headers = { authorization: `Bearer ${world.apiKey}` };
  const began = performance.now();
  await accepted(server.port, 1, 1, () =>
    post(`/${workspace?.uid}/broadcast/`, headers, JSON.stringify(body)),
  );
  let isOver = false;
  const beside = sendPasswords({ ...passwords, count: Number.POSITIVE_INFINITY, until: () => isOver });
  const expanded = await waitUntil(
    world,
    "select exists (select from broadcast where status = 'completed') as is_so",
  );
  const seconds = (expanded - began) / 1000;
  const sent = await waitUntil(
    world,
    "select not exists (select from pgboss.job where state < 'completed' and name like '%promotional') as is_so",
  );
  isOver = true;
  const latency = await beside;
  const peak_mb = await server.peakMemory();
  const [counted] = await world.db
    .patient(600_000)
    .query<{ messages: number }>(
      "select count(*)::int as messages from message where broadcast_id is not null and status = 'sent_by_vendor'",
    );
  const messages = counted?.messages ?? 0;
  await server.stop();
  sink.close();
  await world.close();
  console.log(
    `  ${messages} of ${recipients} sent; p50 beside it is ${(latency.p50_ms / idle.p50_ms).toFixed(1)} times the idle one; ${idle_mb} MB before it`,
  );
  const name = `broadcast to ${recipients.toLocaleString("en")}`;
  return [
    {
      ...EMPTY,
      scenario: `${name}, runs and messages made`,
      unit: "recipients",
      per_second: recipients / seconds,
      peak_mb,
    },
    {
      ...EMPTY,
      scenario: `${name}, sent by the simulator`,
      unit: "messages",
      per_second: messages / ((sent - began) / 1000),
      peak_mb,
    },
    { ...EMPTY, scenario: "one-time password every 100 ms, idle", unit: "triggers", ...idle },
    {
      ...EMPTY,
      scenario: "the same beside the broadcast",
      unit: "triggers",
      ...latency,
      floor: "twice the idle p50",
    },
  ];
}

/** As an earlier import has left them. */
async function addReaders({ db }: World, count: number): Promise<void> {
  const patient = db.patient(900_000);
  await patient.query(
    `insert into recipient (workspace_id, id, distinct_id)
     select workspace_id, 'reader-' || lpad(n::text, 9, '0'), 'reader-' || n
       from workspace, generate_series(0, $1::int - 1) as n`,
    [count],
  );
  await patient.query(
    `insert into identity (workspace_id, recipient_id, channel, key, value)
     select workspace_id, id, 'email', distinct_id || '@example.com', to_jsonb(distinct_id || '@example.com')
       from recipient where id like 'reader-%'`,
  );
  await patient.query(
    `with made as (
       insert into list (workspace_id, list_id, list_name, version_id)
       select workspace_id, 'readers', 'Readers', 'readers-version' from workspace returning workspace_id, version_id)
     insert into list_version (workspace_id, version_id, list_id, state, subscribers_count)
     select workspace_id, version_id, 'readers', 'live', $1::int from made`,
    [count],
  );
  await patient.query(
    `insert into list_member (workspace_id, version_id, recipient_id, id)
     select workspace_id, 'readers-version', id, upper(replace(id, '-', '')) from recipient where id like 'reader-%'`,
  );
  for (const table of ["recipient", "identity", "list_member"]) await patient.query(`analyze ${table}`);
}

/** When it held. */
async function waitUntil({ db }: World, query: string): Promise<number> {
  for (;;) {
    const [row] = await db.query<{ is_so: boolean }>(query);
    if (row?.is_so === true) return performance.now();
    await pause(100);
  }
}
