import { isDeepStrictEqual } from "node:util";
import { describe, expect } from "vitest";
import { onOwnServer as it } from "../../test/fixture.ts";
import { SECRET_KEY, until } from "../../test/harness.ts";
import { seedItems } from "../../test/inbox/seed-items.ts";
import { createRandom, type Random } from "../../test/random.ts";
import { createInbox, type Inbox } from "../../test/realtime/people.ts";
import { connectSocket } from "../../test/realtime/socket-client.ts";
import { configSchema } from "../config.ts";
import { actOnItems } from "../inbox/actions.ts";
import type { Announce } from "../inbox/feed.ts";
import { createSilentLog } from "../log.ts";
import { type Carillon, startCarillon } from "../main.ts";

/* Clients that are cut off at random, by themselves and by servers that go, miss nothing and are told nothing twice. */

interface WireItem {
  n_id: string;
  seq: number;
  read_on: number | null;
  archived: boolean;
}

/** What a client of ours knows, by what it was sent alone. */
interface Known {
  seq: number;
  items: Map<string, WireItem>;
  news: string[];
  resets: number;
}

interface Payload {
  seq?: number;
  items?: WireItem[];
  new?: string[];
}

function learn(known: Known, name: string, { seq, items = [], new: news = [] }: Payload): void {
  for (const item of items) known.items.set(item.n_id, item);
  known.news.push(...news);
  if (name === "reset") known.resets++;
  if (seq !== undefined) known.seq = seq;
}

type Connect = (known: Known, url: string) => Promise<{ closed: Promise<void>; close: () => void }>;

function overSse(inbox: Inbox): Connect {
  return async (known, at) => {
    const stream = await inbox.stream("ann", {
      at,
      query: { after: String(known.seq) },
      onEvent: ({ name, data }) => learn(known, name, data as Payload),
    });
    if (stream.status !== 200) throw new Error(`refused with ${stream.status}`);
    return stream;
  };
}

function overSocket(inbox: Inbox): Connect {
  return async (known, url) => {
    const proof = {
      authorization: inbox.publicKey,
      "x-ss-signature": await inbox.sign("ann"),
      distinct_id: "ann",
    };
    const socket = connectSocket(url, { ...proof, schema: "2", after: known.seq }, ([name, data]) =>
      learn(known, name, data as Payload),
    );
    const answer = await socket.answer;
    if (!answer.ok) throw new Error(`refused: ${answer.message}`);
    return socket;
  };
}

/** Connects again and again, to one server or the other, and hangs up when it likes, until told to stay. */
function createClient(connect: Connect, urls: () => string[], random: Random) {
  const known: Known = { seq: 0, items: new Map(), news: [], resets: 0 };
  let isStaying = false;
  let isOver = false;
  let current: { close: () => void } | undefined;
  async function live(): Promise<void> {
    while (!isOver) {
      try {
        const connection = await connect(known, random.pick(urls()));
        current = connection;
        if (isOver) connection.close();
        const patience = random.between(1, 80);
        if (!isStaying) setTimeout(() => !isStaying && connection.close(), patience);
        await connection.closed;
      } catch {
        // Its server is gone: it tries again, perhaps elsewhere.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
  const living = live();
  return {
    known,
    stay: () => (isStaying = true),
    async end() {
      isOver = true;
      current?.close();
      await living;
    },
  };
}

describe("feeds over connections that are cut", () => {
  it("reach every client whole, each new item once, over two servers of which one goes", async ({
    harness,
    hub,
  }) => {
    const seed = Math.floor(Math.random() * 1e6);
    const random = createRandom(seed);
    const inbox = await createInbox(hub, harness.url);
    const key = await inbox.keyOf("ann");
    const startOther = (): Promise<Carillon> =>
      startCarillon({
        config: configSchema.parse({
          DATABASE_URL: harness.databaseUrl,
          SECRET_KEY,
          PORT: 0,
          ROLE: "api",
          LOG_LEVEL: "silent",
          REALTIME_DRAIN_SECONDS: 0,
        }),
        log: createSilentLog(),
      });
    let other: Carillon | null = await startOther();
    const urls = () => [harness.url, ...(other === null ? [] : [other.url])];
    const clients = [overSse, overSse, overSocket, overSocket].map((over) =>
      createClient(over(inbox), urls, random),
    );
    const { db, announce } = hub.services;
    const delivered: string[] = [];
    // Some are announced by nobody, as if their process had died after its commit.
    const announcers = (): Announce[] => [announce, other?.services.announce ?? announce, announce, () => {}];

    for (let step = 0; step < 150; step++) {
      const chosen = random.pick(announcers());
      if (delivered.length === 0 || random.chance(0.4)) {
        const items = Array.from({ length: random.between(1, 3) }, () => ({}));
        delivered.push(...(await seedItems(db, key, items, chosen)));
      } else {
        const id = random.pick(delivered);
        const action = random.pick(["read", "unread", "archive", "unarchive"] as const);
        const acted = { id, owner: key.recipient_id, action };
        const [done] = await db.tx((tx) => actOnItems(tx, hub.workspace_id, [acted]));
        if (done?.is_changed === true)
          chosen([{ key, seq: done.seq, change: { kind: "update", n_id: id, action } }]);
      }
      if (step === 60) {
        const gone = other;
        other = null;
        await gone?.stop();
      }
      if (step === 100) other = await startOther();
      if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
    }

    for (const { stay } of clients) stay();
    const stored = await db.query<{ n_id: string; seq: number; is_read: boolean; archived: boolean }>(
      `select id as n_id, seq, read_at is not null as is_read, archived_at is not null as archived from inbox_item
        where workspace_id = $1 and recipient_id = $2 order by id`,
      [hub.workspace_id, key.recipient_id],
    );
    const shown = ({ known }: (typeof clients)[number]) =>
      [...known.items.values()]
        .map(({ n_id, seq, read_on, archived }) => ({ n_id, seq, is_read: read_on !== null, archived }))
        .toSorted((a, b) => (a.n_id < b.n_id ? -1 : 1));
    try {
      for (const client of clients) {
        const isThere = () => isDeepStrictEqual(shown(client), stored);
        await until(async () => isThere()).catch(() => null);
        expect(shown(client), `seed ${seed}`).toEqual(stored);
        expect(client.known.news.toSorted(), `seed ${seed}`).toEqual(delivered.toSorted());
        expect(client.known.resets, `seed ${seed}`).toBe(0);
      }
    } finally {
      await Promise.all(clients.map((client) => client.end()));
      await other?.stop();
    }
  });
});
