/**
 * Many sockets of official clients, in a process of their own: `fork` it, and send it what it shall do. It answers each
 * order when it is done, and reports every event with the time it came at.
 */
import { connectSocket, type SocketClient } from "../test/realtime/socket-client.ts";

export type Order = { open: number; people: number; url: string; publicKey: string } | { again: true };

export type Report =
  | { opened: number[]; /** Attempts so far that were in vain. */ refused: number }
  /** Milliseconds since 1970, with their fraction. */
  | { distinct_id: string; at: number };

const sockets: { client: SocketClient; connect: () => SocketClient }[] = [];
let refused = 0;
const report = (message: Report) => process.send?.(message);
const now = () => performance.timeOrigin + performance.now();

/** Opens all at once; resolves to how long each took, in milliseconds. */
async function openAll(connects: (() => SocketClient)[]): Promise<number[]> {
  return Promise.all(
    connects.map(async (connect) => {
      const began = performance.now();
      const client = await insist(connect);
      sockets.push({ client, connect });
      return performance.now() - began;
    }),
  );
}

/** Clients come again after a second when they could not connect: thousands at once are more than a system's queue holds. */
async function insist(connect: () => SocketClient): Promise<SocketClient> {
  for (;;) {
    const client = connect();
    const answer = await client.answer.catch(() => null);
    if (answer?.ok === true) return client;
    if (answer !== null) throw new Error(answer.message);
    refused++;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function carryOut(order: Order): Promise<void> {
  if ("open" in order) {
    const connects = Array.from({ length: order.open }, (_unused, index) => () => {
      const distinct_id = `user-${index % order.people}`;
      const auth = { authorization: order.publicKey, distinct_id, tenant_id: "default", schema: "1" };
      return connectSocket(order.url, auth, () => report({ distinct_id, at: now() }));
    });
    report({ opened: await openAll(connects), refused });
    return;
  }
  const gone = sockets.splice(0);
  for (const { client } of gone) client.close();
  await Promise.all(gone.map(({ client }) => client.closed));
  report({ opened: await openAll(gone.map(({ connect }) => connect)), refused });
}

process.on("message", (order: Order) => void carryOut(order));
