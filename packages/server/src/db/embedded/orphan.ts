import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { findPassword } from "./cluster.ts";
import { alreadyRunning, EmbeddedPostgresError } from "./error.ts";
import { claimServer } from "./owner.ts";
import { disarmPidFile, findServer, type PidFile } from "./pid-file.ts";
import type { Place } from "./place.ts";
import { signalServer, STOPS } from "./postmaster.ts";

/**
 * Stops the server that a killed Carillon has left running, or throws `already_running` when it has an owner.
 *
 * It is stopped and not adopted: a server that is not our child cannot notify us of its death, runs with the settings
 * and perhaps the binaries of another version, and its port may differ from the requested one. Stopping one and
 * starting anew takes less than a tenth of a second, plus the checkpoint.
 */
export async function endOrphan(place: Place, log: (line: string) => void): Promise<void> {
  const orphan = await findServer(place);
  if (orphan !== undefined) {
    const claim = await claimOrphan(orphan, place);
    log(
      `Stopping PostgreSQL (process ${orphan.pid}), left running in ${place.home} by a Carillon that was killed.`,
    );
    await stopOrphan(orphan, place);
    await claim?.end().catch(() => {});
  }
  await disarmPidFile(place.cluster);
}

async function claimOrphan({ port, status }: PidFile, place: Place): Promise<Client | undefined> {
  const password = await findPassword(place);
  // A server that accepts no sessions, yet or any more, cannot have an owner with one.
  if (port === undefined || password === undefined || status !== "ready") return undefined;
  let claim: Client | undefined;
  try {
    claim = await claimServer({ port, password });
  } catch {
    // It does not answer or does not know the password. We hold the folder's lock, so it is stopped.
    return undefined;
  }
  if (claim === undefined) throw alreadyRunning(place.folder);
  return claim;
}

async function stopOrphan({ pid }: PidFile, place: Place): Promise<void> {
  for (const { signal, seconds } of STOPS) {
    await signalServer(pid, signal, place);
    for (let waited = 0; waited < seconds * 1000; waited += 25) {
      // Checks for the server and not for the process: unreaped in a container, it stays a zombie forever.
      if ((await findServer(place))?.pid !== pid) return;
      await sleep(25);
    }
  }
  throw new EmbeddedPostgresError(
    "start_failed",
    `PostgreSQL (process ${pid}) was left running in ${place.folder} and does not stop. End that process, then start Carillon again.`,
  );
}
