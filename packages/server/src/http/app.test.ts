import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { until, SECRET_KEY } from "../../test/harness.ts";
import { createHub } from "../../test/hub.ts";
import { configSchema } from "../config.ts";
import type { Log } from "../log.ts";
import { startCarillon } from "../main.ts";
import { converse, post } from "../../test/hostile/wire.ts";

/** Failures once found by hostile input, each with a name. The search itself is test/hostile/hostile.test.ts. */

describe("a path", () => {
  it.for([
    ["GET", "/v1/%00/workflow/", "ServiceToken", "workspace"],
    ["GET", "/v1/a%00b/log/request/", "ServiceToken", "workspace"],
    ["POST", "/a%00b/trigger/", "Bearer", "workspace_key"],
    ["GET", "/v1/user/a%00b/", "Bearer", "distinct_id"],
  ] as const)(
    "with a null character is refused before anything is looked up: %s %s",
    async ([...given], { harness }) => {
      const [method, url, scheme, param] = given;
      const token = scheme === "Bearer" ? harness.apiKey : harness.serviceToken;
      const headers = { authorization: `${scheme} ${token}`, "content-type": "application/json" };
      const answer = await harness.app.inject({ method, url, headers, payload: "{}" });
      expect(answer.statusCode).toBe(400);
      expect(answer.body).toContain(`${param}: must not contain the null character`);
    },
  );
});

describe("an answer", () => {
  it("names its request as the log does, whether it is refused or not", async ({ harness }) => {
    const headers = { authorization: `Bearer ${harness.apiKey}` };
    const answers = [
      await harness.app.inject({ method: "GET", url: "/v1/user/", headers }),
      await harness.app.inject({ method: "GET", url: "/v1/user/" }),
      await harness.app.inject({ method: "GET", url: "/no/such/endpoint/" }),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 401, 404]);
    const ids = answers.map((answer) => String(answer.headers["x-request-id"]));
    for (const id of ids) expect(id).toMatch(/^[0-9A-Z]{26}$/);
    expect(new Set(ids).size).toBe(3);
  });
});

describe("a path with slashes before it", () => {
  it.for(["//trigger/", "///trigger", "//v2/event", "//v1/user/ann/?a=//b"])(
    "is the path with one of them: %s",
    async (path, { harness }) => {
      const method = path.includes("user") ? "GET" : "POST";
      const bytes = `${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ncontent-length: 0\r\n\r\n`;
      const { answers } = await converse(harness.url, [bytes]);
      expect(answers).toMatchObject([{ status: 401 }]);
    },
  );

  it("is signed as it is sent", async ({ harness }) => {
    const hub = await createHub(harness);
    const body = { event: "SEEN", distinct_id: "ann" };
    expect(await hub.callSigned("POST", "//v2/event/", body)).toMatchObject({ status: 202 });
  });
});

describe("a body that is not UTF-8", () => {
  it.for<[string, string]>([
    ["/trigger/", "Bearer"],
    ["/v2/bulk/event/", "Bearer"],
    ["/v1/user/ann/", "Bearer"],
    ["/v1/default/workflow/w/", "ServiceToken"],
  ])("is refused: %s", async ([url, scheme], { harness }) => {
    const token = scheme === "Bearer" ? harness.apiKey : harness.serviceToken;
    const payload = Buffer.from('{"name": "Zo\xeb"}', "latin1");
    const headers = { authorization: `${scheme} ${token}`, "content-type": "application/json" };
    const answer = await harness.app.inject({
      method: "POST",
      url: url.replace("default", harness.workspace.slug),
      headers,
      payload,
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ message: "Request body must be UTF-8" });
  });
});

describe("a malformed request", () => {
  it.for([
    ["bytes that are no HTTP", "BREW / HTTP/1.1\r\nhost: x\r\n\r\n", "not well-formed HTTP"],
    ["headers of 20 KB", `GET / HTTP/1.1\r\nhost: x\r\na: ${"b".repeat(20_000)}\r\n\r\n`, "16 KB"],
    ["two lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "HTTP"],
  ] as const)("is answered with a reason and hung up on: %s", async ([_name, bytes, reason], { harness }) => {
    const { answers, closed } = await converse(harness.url, [bytes], { expect: 2 });
    expect(closed).toBe(true);
    expect(answers).toMatchObject([{ status: 400 }]);
    expect(JSON.parse(answers[0]?.text ?? "")).toMatchObject({
      code: 400,
      error_code: "validation_error",
      message: expect.stringContaining(reason) as string,
    });
  });

  it("is answered when it has an unsupported expectation", async ({ harness }) => {
    const bytes = post("/trigger/", "Bearer x", "{}", "expect: a-miracle\r\n");
    const { answers } = await converse(harness.url, [bytes]);
    expect(answers[0]?.status).toBe(400);
    expect(answers[0]?.text).toContain("Expect: must be 100-continue");
  });
});

describe("a client that disconnects in the middle of its request", () => {
  it("is no failure of ours: nothing is logged above debug, and the next one is served", async ({
    newDatabaseUrl: DATABASE_URL,
  }) => {
    const lines: { level: string; message: string; fields: object }[] = [];
    const write = (level: string) => (fields: object, message: string) =>
      void lines.push({ level, message, fields });
    const log: Log = {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
      with: () => log,
    };
    const config = configSchema.parse({
      DATABASE_URL,
      SECRET_KEY,
      PORT: 0,
      ROLE: "api",
    });
    const carillon = await startCarillon({ config, log });
    const { port, hostname } = new URL(carillon.url);
    for (let count = 0; count < 3; count++) {
      const socket = connect(Number(port), hostname);
      const head = "POST /v2/event/ HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n";
      const credential = `authorization: Bearer ${carillon.first?.api_key}\r\n`;
      socket.write(`${head}${credential}content-type: application/json\r\ncontent-length: 1000\r\n\r\n`);
      // After `100 Continue` the server waits for the body.
      await once(socket, "data");
      socket.write('{"event": ');
      socket.destroy();
    }
    const heard = () => lines.filter(({ message }) => message.includes("hung up"));
    await until(async () => heard().length === 3);
    expect((await fetch(`${carillon.url}/healthz`)).status).toBe(200);
    await carillon.stop();
    expect(heard()[0]).toMatchObject({ level: "debug", fields: { route: "/v2/event/" } });
    expect(lines.filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
  });
});
