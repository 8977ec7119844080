import { createServer, type Socket } from "node:net";
import { post } from "./load.ts";
import { accepted, type Row, type Scenario } from "./measure.ts";
import { measureIdle } from "./pump.ts";
import { createSink } from "./sink.ts";
import { createWorld, PEOPLE, type ServerProcess, WORKFLOW, type World } from "./world.ts";

/** What a vendor that takes every call and answers none costs another one of the same lane. */
export const deadVendor: Scenario[] = [{ name: "dead-vendor", run: besideDead }];

/** Its messages are those of a tenant with a list of its own. */
const TENANT = "dead";

async function besideDead(serverUrl: string, scale: number): Promise<Row[]> {
  const sink = await createSink();
  const dead = await startSilent();
  const world = await createWorld(serverUrl, "dead_vendor", sink.url);
  const count = Math.round(300 * scale);
  const alone = await measureIdle(world, sink, count, "a vendor alone, trigger to its call");
  const api = await world.startServer("api");
  await routeTenant(world, api, dead.url);
  const waiting = Math.round(5000 * scale);
  await accepted(api.port, 8, waiting, (index) =>
    post("/trigger/", { authorization: `Bearer ${world.apiKey}` }, triggerOf(index)),
  );
  await api.stop();
  const text = `the same beside one that hangs, with ${waiting.toLocaleString("en")} messages`;
  const beside = await measureIdle(world, sink, count, text, { settles: false });
  console.log(`  calls that the dead vendor has taken: ${dead.count()}`);
  dead.close();
  sink.close();
  await world.close();
  return [alone, { ...beside, floor: "that of the vendor alone" }];
}

function triggerOf(index: number): string {
  return JSON.stringify({
    workflow: WORKFLOW,
    recipients: [`user-${index % PEOPLE}`],
    tenant_id: TENANT,
    data: { order: { id: `D-${index}` }, code: "000000" },
  });
}

async function routeTenant(world: World, { port }: ServerProcess, url: string): Promise<void> {
  const call = async (path: string, authorization: string, body: object) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as { id: string };
  };
  const managed = `ServiceToken ${world.serviceToken}`;
  await call(`/v1/tenant/${TENANT}/`, `Bearer ${world.apiKey}`, { tenant_name: "Dead" });
  const config = { url, body: '{"to":"{{to}}"}' };
  const { id } = await call("/v1/staging/vendor/generic-http-sms/", managed, {
    config,
    nickname: TENANT,
    categories: [],
  });
  await call("/v1/staging/vendor_route/sms/transactional/", managed, {
    tenant_id: TENANT,
    vendors: [{ id, fallback_seconds: 30 }],
  });
}

interface Silent {
  url: string;
  /** Connections, each with one call. */
  count: () => number;
  close: () => void;
}

async function startSilent(): Promise<Silent> {
  const sockets = new Set<Socket>();
  let taken = 0;
  const server = createServer((socket) => {
    taken++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/sms`,
    count: () => taken,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
