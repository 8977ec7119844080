import { connect as dial } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import { createHub } from "../../test/hub.ts";
import { createInbox, type Inbox } from "../../test/realtime/people.ts";
import { connectSocket } from "../../test/realtime/socket-client.ts";

/* Limits, and what becomes of connections when their server stops. */

const opened: Harness[] = [];
afterEach(async () => {
  for (const harness of opened.splice(0)) await harness.close();
});

async function start(env: Record<string, string>): Promise<{ harness: Harness; inbox: Inbox }> {
  const harness = await createHarness({ role: "api", env });
  opened.push(harness);
  return { harness, inbox: await createInbox(await createHub(harness), harness.url) };
}

describe("limits", () => {
  it("let one user have so many connections, over both transports", async () => {
    const { inbox } = await start({ REALTIME_PER_PERSON: "3" });
    const first = await inbox.connect("ann");
    await first.answer;
    const second = await inbox.connect("ann", { schema: "2" });
    await second.answer;
    const third = await inbox.stream("ann");
    expect(third.status).toBe(200);
    const fourth = await inbox.connect("ann");
    expect(await fourth.answer).toMatchObject({
      ok: false,
      message: "this user has 3 connections already, and REALTIME_PER_PERSON allows no more",
    });
    expect(await inbox.call("GET", "/v1/feed/stream?distinct_id=ann")).toMatchObject({
      status: 429,
      headers: { "retry-after": "5", "access-control-allow-origin": "*" },
    });
    const bob = await inbox.connect("bob");
    expect(await bob.answer).toMatchObject({ ok: true });
    first.close();
    await first.closed;
    await until(async () => {
      const again = await inbox.connect("ann");
      return (await again.answer).ok;
    });
  });

  it("let one address have so many connections, before anything is proven", async () => {
    const { inbox, harness } = await start({ REALTIME_PER_ADDRESS: "2" });
    const idle = connectSocket(harness.url, null);
    await until(async () => idle.frames.length > 0);
    const ann = await inbox.connect("ann");
    await ann.answer;
    const late = await inbox.connect("bob");
    await expect(late.answer).rejects.toThrow("refused");
    const stream = await inbox.stream("ann");
    expect(stream.status).toBe(429);
    expect(await fetch(`${harness.url}/metrics`).then((reply) => reply.text())).toMatch(
      /reason="limit"\} [1-9]/,
    );
  });

  it("refuse an address that shows wrong proofs before it is listened to", async () => {
    const { inbox, harness } = await start({ WRONG_KEYS_PER_SECOND: "1" });
    const refused: boolean[] = [];
    for (let n = 0; n < 14; n++) {
      const socket = await inbox.connect("ann", { "x-ss-signature": "forged" });
      refused.push(await socket.answer.then(() => false).catch(() => true));
      socket.close();
    }
    expect(refused[0]).toBe(false);
    expect(refused.at(-1)).toBe(true);
    expect(harness.url).toContain("127.0.0.1");
  });
});

describe("a server that stops", () => {
  it("sends all clients away over the time that it has, and none for good", async () => {
    const { harness, inbox } = await start({ REALTIME_DRAIN_SECONDS: "1" });
    const sockets = [];
    for (let n = 0; n < 200; n++)
      sockets.push(await inbox.connect(`user-${n}`, { schema: n % 2 === 0 ? "1" : "2" }));
    await Promise.all(sockets.map(({ answer }) => answer));
    const streams = await Promise.all(["ann", "bob"].map((name) => inbox.stream(name)));
    const gone: number[] = [];
    sockets.forEach(({ closed }, n) => void closed.then(() => gone.push(n)));
    const stopping = harness.close();
    opened.length = 0;
    await until(async () => gone.length > 0);
    // Others stay for their turn, and nobody new is let in meanwhile.
    expect(gone.length).toBeLessThan(200);
    const late = await inbox.connect("late");
    await expect(late.answer).rejects.toThrow("refused");
    await Promise.all([...sockets, ...streams].map(({ closed }) => closed));
    await stopping;
    // `41` is a disconnect, after which the official clients never come back.
    expect(sockets.flatMap(({ frames }) => frames).filter((frame) => frame.startsWith("41"))).toEqual([]);
    // In no order: who came first is not gone first.
    expect(gone).not.toEqual(gone.toSorted((a, b) => a - b));
  });

  it("does not wait for a client that has stopped listening", async () => {
    const { harness, inbox } = await start({ REALTIME_DRAIN_SECONDS: "0" });
    const { port, hostname } = new URL(harness.url);
    const deaf = dial(Number(port), hostname);
    deaf.on("error", () => {});
    let text = "";
    deaf.on("data", (bytes) => (text += bytes.toString("latin1")));
    deaf.write(
      [
        `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1`,
        `Host: ${hostname}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "\r\n",
      ].join("\r\n"),
    );
    await until(async () => text.includes('0{"sid"'));
    deaf.pause();
    const ann = await inbox.connect("ann");
    await ann.answer;
    opened.length = 0;
    const began = performance.now();
    await harness.close();
    // A WebSocket waits for half a minute for the other side's farewell.
    expect(performance.now() - began).toBeLessThan(20_000);
    deaf.destroy();
  });
});
