import { Worker } from "node:worker_threads";

/**
 * Detects from another thread that this one hangs: an endless loop cannot be reported from within. It then prints what
 * was being done, and ends the process, which fails the run.
 */
export interface Watchdog {
  /** Records that a new activity has begun. */
  begin: (what: string) => void;
  stop: () => Promise<void>;
}

const CODE = `
  const { parentPort, workerData } = require("node:worker_threads");
  let what = "nothing yet";
  let since = Date.now();
  parentPort.on("message", (begun) => { what = begun; since = Date.now(); });
  setInterval(() => {
    if (Date.now() - since < workerData.ms) return;
    require("node:fs").writeSync(2, "\\nhung for " + workerData.ms + " ms: " + what + "\\n");
    process.kill(process.pid, "SIGKILL");
  }, 500);
`;

export function startWatchdog(seconds: number): Watchdog {
  const worker = new Worker(CODE, { eval: true, workerData: { ms: seconds * 1000 } });
  worker.unref();
  return {
    begin: (what) => worker.postMessage(what, []),
    stop: async () => void (await worker.terminate()),
  };
}
