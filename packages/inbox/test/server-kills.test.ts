import fc from "fast-check";
import { describe, expect } from "vitest";
import { findFreePort, supervise } from "../../../scripts/crash/process.ts";
import { onOwnApi as it } from "../../server/test/fixture.ts";
import { SECRET_KEY } from "../../server/test/harness.ts";
import { createRoom } from "./devices.ts";
import { anyStep, expectEachNewOnce, expectSame, goThrough, startThree } from "./storm.ts";

/* The server is a process of its own, and is killed while its devices are used. */

const KILLS = 2;
/** On a busy machine most of it is the server's starts. */
const TIMEOUT_MS = 180_000;

describe("three devices", () => {
  it(
    "end in the server's state, whenever it is killed",
    async ({ hub, client, harness }) => {
      const port = await findFreePort();
      const server = supervise("server", {
        DATABASE_URL: harness.databaseUrl,
        SECRET_KEY,
        PORT: String(port),
        ALLOW_PRIVATE_HOSTS: "127.0.0.1",
      });
      await server.start();
      const room = createRoom(hub, client, { url: `http://127.0.0.1:${port}` });
      const ids = await room.deliver(...Array.from({ length: 8 }, () => ({})));
      const devices = await startThree(room);
      const world = { room, devices, ids, undos: [[], [], []] };
      const stormy = fc.array(anyStep, { minLength: 15, maxLength: 25 });
      for (const steps of fc.sample(stormy, { numRuns: KILLS })) {
        const storm = goThrough(steps, world);
        await server.kill();
        await Promise.all([storm, server.start()]);
      }
      await expectSame(room, devices);
      devices.forEach(expectEachNewOnce);
      room.close();
      await server.stop();
      expect(server.troubles).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
