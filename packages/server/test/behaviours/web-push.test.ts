import { createECDH, generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import { until } from "../harness.ts";
import { decryptPush } from "../outside/browser-push.ts";
import { node, person, type World } from "./world.ts";

/* A real vendor whose address comes from the recipient: from the settings to what the browser decrypts. */

let service: Server;
let endpoint: string;
let answer = 201;
const received: Buffer[] = [];

beforeAll(async () => {
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    received.push(await buffer(request));
    response.writeHead(answer).end();
  };
  service = createServer((request, response) => void receive(request, response)).listen(0, "127.0.0.1");
  await once(service, "listening");
  endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}/push`;
});
afterAll(async () => {
  service.close();
  await once(service, "close");
});

const browser = createECDH("prime256v1");
browser.generateKeys();
const auth = randomBytes(16);
const subscription = (name: string) => ({
  endpoint: `${endpoint}/${name}`,
  expirationTime: null,
  keys: { p256dh: browser.getPublicKey("base64url"), auth: auth.toString("base64url") },
});

async function saveVendor(world: World): Promise<void> {
  const jwk = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
  const point = [jwk.x, jwk.y].map((part) => Buffer.from(part ?? "", "base64url"));
  const public_key = Buffer.concat([Buffer.from([4]), ...point]).toString("base64url");
  const config = { public_key, private_key: jwk.d, subject: "mailto:ops@acme.test" };
  const { status, text } = await world.manage("POST", "v1/vendor/vapid-webpush/", { config });
  expect(status, text).toBe(200);
  expect(text).not.toContain(jwk.d);
}

const settledStatuses = (world: World, count: number) =>
  until(async () => {
    const statuses = (await world.messages()).map(({ status }) => status);
    return statuses.length === count && !statuses.includes("triggered") ? statuses : null;
  });

describe("a web push notification", () => {
  it("reaches the browser, until its subscription is gone", async ({ world }) => {
    await saveVendor(world);
    await world.template("code", {
      webpush: {
        header: "Hello {{$recipient.name}}",
        body: "Your code is {{code}}",
        action_url: "https://acme.test/?a=1&b=2",
      },
    });
    await world.workflow("login", [node("send_webpush", "push", { template: "code" })]);
    const ann = person("ann", { name: "Ann", $webpush: subscription("ann") });
    await world.trigger("login", [ann], { data: { code: "123456" } });
    expect(await settledStatuses(world, 1)).toEqual(["sent_by_vendor"]);
    const [message] = await world.messages();
    expect(JSON.parse(decryptPush(received[0] ?? Buffer.alloc(0), browser, auth))).toMatchObject({
      title: "Hello Ann",
      body: "Your code is 123456",
      tag: message?.message_id,
      data: {
        notification_id: message?.message_id,
        launch_urls: { default: "https://acme.test/?a=1&b=2" },
      },
    });

    answer = 410;
    await world.trigger("login", ["ann"], { data: { code: "654321" } });
    expect(await settledStatuses(world, 2)).toEqual(["sent_by_vendor", "trigger_failed"]);
    await world.trigger("login", ["ann"], { data: { code: "999999" } });
    const last = (await world.executions()).at(-1);
    expect(last?.steps.map(({ properties }) => properties?.code)).toContain("no_active_channels");
    expect(received).toHaveLength(2);
  });
});
