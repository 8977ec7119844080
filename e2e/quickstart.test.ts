import { once } from "node:events";
import { access, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../packages/server/test/temporary-folder.ts";
import { CLI, command, type Command } from "./support/command.ts";

/** A user's first minutes: the verbs of package.json and the `carillon` command. */
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder("quickstart");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const QUICKSTART = ["scripts/run.mjs", "quickstart", "--once"];
const settingsOf = (name: string, more: Record<string, string> = {}) => ({
  DATA_DIR: join(folder, name),
  PORT: "0",
  ...more,
});

/** A server of the `carillon` command on its own folder, and its URL. */
async function serve(name: string, args = [CLI, "start"]): Promise<{ server: Command; url: string }> {
  const server = command(args, settingsOf(name));
  const [, url = ""] = await server.says(/"url":"([^"]+)".*"carillon is up"/);
  return { server, url };
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

describe("npm run quickstart", () => {
  it("exits cleanly and shows the step log and three messages, the second time as well and quickly", async () => {
    const runs = [];
    for (const _time of ["cold", "warm"]) {
      await using quickstart = command(QUICKSTART, settingsOf("twice"));
      const { code, stdout, stderr, seconds } = await quickstart.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/Triggered "order-confirmed" through @suprsend\/node-sdk: 202/);
      expect(stdout).toMatch(/Execution \w{26}: completed after [\d.]+ s/);
      for (const step of [
        / {2}confirmation +channels_computed +channels: email, inbox/,
        / {2}size +expression_evaluated +branch '100 or more': true/,
        / {2}moment +waiting +waiting until /,
        / {2}moment +resumed +resumed/,
        / +run_completed +run completed/,
      ]) {
        expect(stdout).toMatch(step);
      }
      expect(stdout).toMatch(/3 messages, caught by the simulators:\n +email .*\n +inbox .*\n +sms /);
      runs.push({ seconds, keys: await readFile(join(folder, "twice", "quickstart.json"), "utf8") });
    }
    expect(runs[1]?.seconds).toBeLessThan(15);
    expect(runs[1]?.keys).toBe(runs[0]?.keys);
  });

  it("keeps serving without --once, accepts the curl command that it prints, and exits on Ctrl-C", async () => {
    await using quickstart = command(QUICKSTART.slice(0, 2), settingsOf("serves"));
    const [text, url, key, body] = await quickstart.says(
      /curl -s (\S+)\/trigger\/ -H 'Authorization: Bearer (\S+)' \\\s+-H 'Content-Type: application\/json' -d '(.*)'/,
    );
    expect(text).not.toContain("undefined");
    const answer = await fetch(`${url}/trigger/`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: body ?? "",
    });
    expect(answer.status).toBe(202);
    const { code, stderr } = await quickstart.stop("SIGINT");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("prints one line and fails when its port is taken", async () => {
    const occupant = createServer().listen(0, "127.0.0.1");
    await once(occupant, "listening");
    const port = String((occupant.address() as { port: number }).port);
    await using quickstart = command(QUICKSTART, settingsOf("port", { PORT: port }));
    const { code, stdout, stderr } = await quickstart.ended;
    occupant.close();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(`quickstart: Port ${port} on 127.0.0.1 is taken. Stop what uses it, or set PORT.\n`);
  });

  it("names an invalid setting, without a stack", async () => {
    await using quickstart = command(QUICKSTART, settingsOf("wrong", { PORT: "many" }));
    expect(await quickstart.ended).toMatchObject({
      code: 1,
      stderr: 'quickstart: PORT must be a whole number from 0 to 65535, but is "many".\n',
    });
  });

  it("creates new keys when the stored ones do not belong to this database", async () => {
    const file = join(folder, "twice", "quickstart.json");
    const kept = JSON.parse(await readFile(file, "utf8")) as Record<string, string>;
    await rm(join(folder, "twice", "postgres"), { recursive: true });
    await using quickstart = command(QUICKSTART, settingsOf("twice"));
    expect(await quickstart.ended).toMatchObject({ code: 0, stderr: "" });
    const made = JSON.parse(await readFile(file, "utf8")) as Record<string, string>;
    expect(made.ws_key).not.toBe(kept.ws_key);
  });
});

describe("carillon start", () => {
  it("exits cleanly on SIGTERM, within seconds, and stops its database", async () => {
    const { server, url } = await serve("sigterm");
    await using _server = server;
    expect(await (await fetch(`${url}/healthz`)).text()).toBe("ok\n");
    expect(await isThere(join(folder, "sigterm/postgres/postmaster.pid"))).toBe(true);
    const { code, seconds } = await server.stop("SIGTERM");
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(8);
    expect(await isThere(join(folder, "sigterm/postgres/postmaster.pid"))).toBe(false);
  });

  it("exits as cleanly when the signal is sent to npm's script, and twice", async () => {
    const { server } = await serve("script", ["scripts/run.mjs", "start"]);
    await using _server = server;
    void server.stop("SIGTERM");
    const { code, stderr } = await server.stop("SIGTERM");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await isThere(join(folder, "script/postgres/postmaster.pid"))).toBe(false);
  });

  it("exits cleanly when npm dies without forwarding its signal", async () => {
    // npm and the shell that starts the script, as far as the script can see them.
    const npm = `require("node:child_process").spawn(process.execPath, ["scripts/run.mjs", "start"], { stdio: "inherit" })`;
    await using parent = command(["-e", npm], { ...settingsOf("npm"), npm_lifecycle_event: "start" });
    await parent.says(/"carillon is up"/);
    // The script and the server keep its output open: it ends only when they have ended.
    const { code, stderr } = await parent.stop("SIGKILL");
    expect({ code, stderr }).toEqual({ code: null, stderr: "" });
    expect(await isThere(join(folder, "npm/postgres/postmaster.pid"))).toBe(false);
  });

  it("shows credentials at the first start only, and they stay valid", async () => {
    const { server, url } = await serve("twice-started");
    await using first = server;
    const [, token = ""] = await first.says(/service token {5}(\S+)/);
    expect(await statusWith(token, url)).toBe(200);
    await first.stop();
    const again = await serve("twice-started");
    await using second = again.server;
    expect(await statusWith(token, again.url)).toBe(200);
    expect(second.output()).not.toContain("service token");
  });

  it("refuses a folder that is in use, with one line, and does not disturb its owner", async () => {
    const { server, url } = await serve("owned");
    await using _server = server;
    await using intruder = command([CLI, "start"], settingsOf("owned"));
    const { code, stderr } = await intruder.ended;
    expect(code).toBe(1);
    expect(stderr).toBe(
      `carillon start: Another Carillon is already running on ${join(folder, "owned")}. Stop that one first, or start this one with another folder or with DATABASE_URL.\n`,
    );
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

describe("carillon keys", () => {
  it("works beside a running server, whose next request accepts what it created", async () => {
    const { server, url } = await serve("keys");
    await using _server = server;
    const [, ws_key = "", secret = ""] = await server.says(
      /workspace key {5}(\S+)\n +workspace secret {2}(\S+)/,
    );
    await using shown = command([CLI, "keys"], settingsOf("keys"));
    const { code, stdout, stderr } = await shown.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(ws_key);
    expect(stdout).toContain(secret);

    await using more = command([CLI, "keys", "--new-service-token", "ci"], settingsOf("keys"));
    const [, token = ""] = await more.says(/service token {5}(\S+)/);
    expect((await more.ended).code).toBe(0);
    expect(await statusWith(token, url)).toBe(200);

    await using other = command([CLI, "keys", "--workspace", "prod"], settingsOf("keys"));
    expect(await other.ended).toMatchObject({
      code: 1,
      stderr: 'carillon keys: no workspace "prod". There are: staging\n',
    });

    const makeProd = ["keys", "--new-workspace", "prod", "--mode", "production"];
    await using made = command([CLI, ...makeProd], settingsOf("keys"));
    expect((await made.ended).stdout).toMatch(/^workspace prod \(production\)\n {2}workspace key {5}\S+\n/);

    await using taken = command([CLI, "keys", "--revoke", ws_key], settingsOf("keys"));
    expect((await taken.ended).stdout).toContain(`${ws_key}  (inactive)`);
    await using again = command([CLI, "keys", "--revoke", ws_key], settingsOf("keys"));
    expect(await again.ended).toMatchObject({
      code: 1,
      stderr: `carillon keys: no key or token "${ws_key}" is in use in staging\n`,
    });
  });
});

describe("carillon", () => {
  it.each([[[]], [["--help"]], [["start", "--help"]]])("explains itself: %j", async (args) => {
    await using help = command([CLI, ...args]);
    const { code, stdout } = await help.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^carillon <verb>\n\n {2}start .+\n {2}backup .+\n {2}import .+\n {2}keys /);
  });

  it("refuses an unknown verb", async () => {
    await using unknown = command([CLI, "constructor"]);
    expect((await unknown.ended).code).toBe(2);
  });
});

async function statusWith(token: string, url: string): Promise<number> {
  const headers = { authorization: `ServiceToken ${token}` };
  return (await fetch(`${url}/v1/staging/simulator/`, { headers })).status;
}
