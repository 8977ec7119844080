import { once } from "node:events";
import { readdir, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { SECRET_KEY } from "../test/harness.ts";
import { onDatabase as it } from "../test/fixture.ts";
import { temporaryFolder } from "../test/temporary-folder.ts";
import { type Config, configSchema } from "./config.ts";
import { createSilentLog, type LogFields } from "./log.ts";
import { type Carillon, openCredentials, startCarillon } from "./main.ts";

let folder: string;
let running: Carillon[];
beforeEach(async () => {
  folder = await temporaryFolder("main");
  running = [];
});
afterEach(async () => {
  for (const carillon of running) await carillon.stop();
  await rm(folder, { recursive: true, force: true });
});

function settings(more: Record<string, string>): Config {
  return configSchema.parse({ DATA_DIR: join(folder, "data"), PORT: 0, ROLE: "api", ...more });
}

async function start(config: Config, log = createSilentLog()): Promise<Carillon> {
  const carillon = await startCarillon({ config, log });
  running.push(carillon);
  return carillon;
}

async function occupy(port = 0): Promise<Server> {
  const occupant = createServer().listen(port, "127.0.0.1");
  await once(occupant, "listening");
  return occupant;
}

const portOf = (server: Server) => String((server.address() as AddressInfo).port);

async function free(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

describe("a start that the settings forbid", () => {
  it.each([
    ["HOST", "192.0.2.1", "192.0.2.1 is not an address of this machine. Set HOST"],
    ["ALLOW_PRIVATE_HOSTS", "10.0.0.0/99", 'ALLOW_PRIVATE_HOSTS: "10.0.0.0/99" is not a CIDR range.'],
    ["DATA_DIR", "/dev/null/data", "Carillon cannot write to /dev/null/data"],
  ])("ends with one line before it has made anything: %s=%s", async (name, value, line) => {
    const error = await start(settings({ [name]: value })).catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain(line);
    expect((error as Error).message).not.toContain("\n");
    expect(await readdir(folder)).toEqual([]);
  });

  it("misses the key before it asks the database, also when its settings were never parsed", async () => {
    const { SECRET_KEY: _none, ...rest } = settings({
      DATABASE_URL: "postgres://u@127.0.0.1:1/d",
      SECRET_KEY,
    });
    await expect(start(rest)).rejects.toThrow("SECRET_KEY must be given with DATABASE_URL.");
  });

  it("has another key than the database's", async ({ newDatabaseUrl: DATABASE_URL }) => {
    await start(settings({ DATABASE_URL, SECRET_KEY }));
    const other = settings({ DATABASE_URL, SECRET_KEY: "another-key-for-tests" });
    await expect(start(other)).rejects.toThrow("SECRET_KEY is not the one it was sealed with");
  });

  it("has an empty key file, which does not count as a key", async () => {
    const config = settings({});
    const carillon = await start(config);
    await carillon.stop();
    await writeFile(join(config.DATA_DIR, "secret.key"), "");
    await expect(start(config)).rejects.toThrow(/secret\.key is empty\. Restore it/);
  });
});

describe("the first credentials", () => {
  it("are not made by a start that loses its port on the way, but by the next one", async () => {
    const probe = await occupy();
    const config = settings({ PORT: portOf(probe) });
    await free(probe);
    const silent = createSilentLog();
    let rival: Promise<Server> | undefined;
    // After the check of the port, before the server listens.
    const log = {
      ...silent,
      info(fields: object, message: string) {
        if (message.startsWith("Creating the database")) rival = occupy(config.PORT);
        silent.info({ ...fields }, message);
      },
    };
    await expect(start(config, log)).rejects.toThrow(`Port ${config.PORT} on 127.0.0.1 is taken`);
    if (rival === undefined) throw new Error("nobody took the port");
    await free(await rival);
    const { first } = await start(config);
    expect(first?.service_token).toMatch(/^SS\.ST\./);
  });
});

describe("a workspace made from the command line", () => {
  it("has a name that it can have, or there is one line that says why not", async ({
    newDatabaseUrl: DATABASE_URL,
  }) => {
    const config = settings({ DATABASE_URL, SECRET_KEY });
    const { makeWorkspace, close } = await openCredentials(config);
    const make = (slug: string) => makeWorkspace({ slug, name: slug, mode: "sandbox" });
    const refusal = "cannot name a workspace: take up to 63 of a-z, 0-9";
    for (const slug of ["Bad Slug!", "", "-x", "ä", "a\n", "__proto__", "a".repeat(64)]) {
      await expect(make(slug)).rejects.toThrow(`${JSON.stringify(slug)} ${refusal}`);
    }
    await expect(make("template")).rejects.toThrow('"template" is reserved');
    for (const slug of ["prod", "0", "constructor", "a".repeat(63)]) {
      await expect(make(slug)).resolves.toMatchObject({ workspace: { slug } });
    }
    await expect(make("prod")).rejects.toThrow('there is a workspace "prod" already');
    await close();
  });
});

describe("the link that makes the first admin", () => {
  /** What the log says to who runs the server. */
  async function linkOf(more: Record<string, string>): Promise<string | null> {
    const urls: string[] = [];
    const silent = createSilentLog();
    const log = { ...silent, warn: ({ url }: LogFields) => void (typeof url === "string" && urls.push(url)) };
    await start(settings(more), { ...log, with: () => log });
    return urls[0] ?? null;
  }

  it("is in the log of a server that others can reach, until there is an admin", async ({
    newDatabaseUrl,
  }) => {
    const reachable = { DATABASE_URL: newDatabaseUrl, SECRET_KEY, PUBLIC_URL: "https://notify.example.com" };
    expect(await linkOf({ ...reachable, ROLE: "worker" })).toBeNull();
    const link = await linkOf(reachable);
    expect(link).toMatch(/^https:\/\/notify\.example\.com\/set-up#token=[\w-]{43}$/);
    const { app } = running.at(-1) as Carillon;
    const entered = await app.inject({
      method: "POST",
      url: "/v1/auth/setup/",
      payload: JSON.stringify({
        token: link?.split("#token=")[1],
        email: "ada@example.com",
        name: "Ada",
        password: "a long enough password",
      }),
    });
    expect(entered.statusCode, entered.body).toBe(200);
    expect(await linkOf(reachable)).toBeNull();
  });

  it("is not needed where the first visit is signed in", async ({ newDatabaseUrl }) => {
    expect(await linkOf({ DATABASE_URL: newDatabaseUrl, SECRET_KEY })).toBeNull();
  });
});
