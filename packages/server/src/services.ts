import type { Catalog } from "./catalog/catalog.ts";
import type { ChannelDefinition } from "./channels/channel.ts";
import type { Config } from "./config.ts";
import type { Channel } from "./core/channel.ts";
import type { Db, Tx } from "./db/db.ts";
import type { FeedActions } from "./delivery/feed-actions.ts";
import type { DeviceReports } from "./delivery/device-reports.ts";
import type { MessageActions } from "./delivery/message-actions.ts";
import type { TrackedMails } from "./delivery/tracking/mail-tracking.ts";
import type { VendorReports } from "./delivery/vendor-reports.ts";
import type { VendorAdmin } from "./delivery/vendor-admin.ts";
import type { Engine } from "./engine/engine.ts";
import type { IdSource } from "./ids.ts";
import type { Announce } from "./inbox/feed.ts";
import type { Lists } from "./lists/lists.ts";
import type { Log } from "./log.ts";
import type { People } from "./people/people.ts";
import type { Preferences } from "./preferences/preferences.ts";
import type { Erasures } from "./privacy/erasures.ts";
import type { Recipients } from "./recipients/recipients.ts";
import type { OpenStream } from "./realtime/transports/sse.ts";
import type { MadeWorkspace, NewWorkspace, Workspaces } from "./workspaces/workspaces.ts";

/** What `main` composes and passes to endpoints: the interfaces of the modules and nothing else. */
export interface Services {
  config: Config;
  db: Db;
  ids: IdSource;
  log: Log;
  workspaces: Workspaces;
  /** A workspace as a first start makes it: with a key, and sending through simulators. Throws a `SlugError`. */
  makeWorkspace: (tx: Tx, input: NewWorkspace) => Promise<MadeWorkspace>;
  catalog: Catalog;
  recipients: Recipients;
  preferences: Preferences;
  lists: Lists;
  people: People;
  erasures: Erasures;
  channels: ReadonlyMap<Channel, ChannelDefinition>;
  vendors: VendorAdmin;
  vendorReports: VendorReports;
  trackedMails: TrackedMails;
  messageActions: MessageActions;
  feedActions: FeedActions;
  /** Hears of changes of feeds. */
  announce: Announce;
  deviceReports: DeviceReports;
  engine: Engine;
  /** The feed of one person as a stream of events. Throws an `AppError` where a limit is reached. */
  openStream: OpenStream;
  /** The server's own address as others know it, without a slash at its end; null: not configured. */
  baseUrl: string | null;
  /** Path prefix of a proxy, which clients include in what they sign. */
  signedPrefix: string;
}
