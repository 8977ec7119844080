import type { FeedKey } from "../../src/inbox/feed.ts";
import { findFeed } from "../../src/inbox/feeds.ts";
import { type Client, createClient } from "../client/client.ts";
import type { Hub } from "../hub.ts";
import { type SeededItem, seedItems } from "../inbox/seed-items.ts";
import { openStream, type StreamClient, type StreamEvent } from "./stream-client.ts";
import { connectSocket, type SocketClient } from "./socket-client.ts";

/** The inbox of a workspace's people, and sockets of theirs on a server that listens at `url`. */
export interface Inbox extends Client {
  keyOf: (distinct_id: string, tenant_id?: string) => Promise<FeedKey>;
  /** Items as if they had been delivered; returns their ids. */
  deliver: (distinct_id: string, items?: readonly SeededItem[], tenant_id?: string) => Promise<string[]>;
  /** A socket with the person's token; `auth` replaces or adds to what it shows. */
  connect: (distinct_id: string, auth?: Record<string, unknown>) => Promise<SocketClient>;
  /** The stream of the person's feed. */
  stream: (distinct_id: string, options?: StreamOptions) => Promise<StreamClient>;
}

export interface StreamOptions {
  query?: Record<string, string>;
  headers?: Record<string, string>;
  onEvent?: (event: StreamEvent) => void;
  /** Another server on the same database. */
  at?: string;
}

export async function createInbox(hub: Hub, url: string): Promise<Inbox> {
  const client = await createClient(hub, hub.workspace);
  const { db, announce } = hub.services;
  const { workspace_id } = hub;

  async function keyOf(distinct_id: string, tenant_id = "default"): Promise<FeedKey> {
    return (await findFeed(db, { workspace_id, distinct_id, tenant_id })).key;
  }

  return {
    ...client,
    keyOf,
    deliver: async (distinct_id, items = [{}], tenant_id = "default") =>
      seedItems(db, await keyOf(distinct_id, tenant_id), items, announce),
    connect: async (distinct_id, auth = {}) =>
      connectSocket(url, {
        authorization: client.publicKey,
        "x-ss-signature": await client.sign(distinct_id, { scope: { tenant_id: ["default", "acme"] } }),
        distinct_id,
        tenant_id: "default",
        schema: "1",
        ...auth,
      }),
    async stream(distinct_id, { query = {}, headers = {}, onEvent, at = url } = {}) {
      const search = new URLSearchParams({ distinct_id, ...query }).toString();
      const proof = { authorization: client.publicKey, "x-ss-signature": await client.sign(distinct_id) };
      return openStream(`${at}/v1/feed/stream?${search}`, { ...proof, ...headers }, onEvent);
    },
  };
}
