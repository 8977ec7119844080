import type suprsend from "@suprsend/node-sdk";
import { createDb, type Db } from "../../packages/server/src/db/db.ts";
import { insertVendor } from "../../packages/server/src/delivery/vendor-table.ts";
import { createIdSource } from "../../packages/server/src/ids.ts";
import { createSecretBox } from "../../packages/server/src/workspaces/crypto.ts";
import { cloneDatabase, dropDatabase, until } from "../../packages/server/test/harness.ts";
import { type Mail, type MailServer, serveMail } from "../../packages/server/test/outside/smtp.ts";
import { type MimePart, parseMime } from "./mime.ts";
import { type ServerProcess, startServer } from "./server.ts";

/** A server process, a real mail server for its e-mail channel, and an SDK that calls it. */
export interface World {
  server: ServerProcess;
  db: Db;
  client: InstanceType<typeof suprsend.Suprsend>;
  mails: Mail[];
  /** The next mail to an address that no earlier call returned. */
  mailTo: (address: string) => Promise<Mail & { mime: MimePart }>;
  /** Calls the management API. Throws on a refusal. */
  manage: (method: "POST" | "PATCH", path: string, body: object) => Promise<unknown>;
  close: () => Promise<void>;
}

const SECRET_KEY = "a-secret-key-for-e2e";

/** `sdk` has the names of the stock SDK. */
export async function createWorld(sdk: typeof suprsend): Promise<World> {
  const url = await cloneDatabase();
  const db = createDb({ url, max: 4, onError: () => {} });
  const server = await startServer({ DATABASE_URL: url, SECRET_KEY, ALLOW_PRIVATE_HOSTS: "127.0.0.1" });
  const mailServer = await serveMail();
  await routeMail(db, mailServer);
  const { ws_key, ws_secret, service_token } = server.credentials;
  const seen = new Set<Mail>();
  return {
    server,
    db,
    client: new sdk.Suprsend(ws_key, ws_secret, { base_url: server.url }),
    mails: mailServer.mails,
    async mailTo(address) {
      const mail = await until(async () =>
        mailServer.mails.find((one) => one.to.includes(address) && !seen.has(one)),
      );
      seen.add(mail);
      return { ...mail, mime: parseMime(mail.raw) };
    },
    async manage(method, path, body) {
      const response = await fetch(new URL(path, server.url), {
        method,
        headers: { authorization: `ServiceToken ${service_token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return JSON.parse(text) as unknown;
    },
    async close() {
      await server.stop();
      await mailServer[Symbol.asyncDispose]();
      await db.close();
      await dropDatabase(url);
    },
  };
}

/** Before the first mail, because routes are cached. */
async function routeMail(db: Db, { port }: MailServer): Promise<void> {
  const config = {
    host: "127.0.0.1",
    port,
    encryption: "none",
    from_name: "Acme",
    from_email: "hello@acme.test",
  };
  const vendor = {
    workspace_id: 1,
    channel: "email" as const,
    vendor_slug: "smtp-email",
    nickname: "loopback",
    config,
  };
  const id = await insertVendor(db, vendor, createSecretBox(SECRET_KEY), createIdSource());
  await db.query(
    "update vendor_route set vendor_config_id = $1 where workspace_id = 1 and channel = 'email'",
    [id],
  );
}
