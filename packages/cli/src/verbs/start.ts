import { parseArgs } from "node:util";
import { readConfig, startCarillon } from "@carillon/server";
import { describeCredentials } from "../credentials.ts";
import { stopSignal } from "../stop-signal.ts";

/** Runs until a signal to stop; a second one ends it at once. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { role: { type: "string" }, port: { type: "string" } } });
  const overrides = { ...(values.role && { ROLE: values.role }), ...(values.port && { PORT: values.port }) };
  const config = readConfig({ ...process.env, ...overrides });
  const toldToStop = stopSignal();
  // The supervisor of this process restarts it, and the database with it.
  const onDatabaseEnd = (line: string) => {
    console.error(`carillon start: ${line}`);
    process.exit(1);
  };
  const carillon = await startCarillon({ config, onDatabaseEnd });
  if (carillon.first !== null) console.log(describeCredentials(carillon.first, carillon.url));
  await toldToStop;
  const patience = setTimeout(() => {
    console.error(
      `carillon start: work was still in flight after ${config.SHUTDOWN_SECONDS} s; it goes on after a restart`,
    );
    // It would outlive this process.
    void carillon.stopDatabase().finally(() => process.exit(1));
  }, config.SHUTDOWN_SECONDS * 1000);
  await carillon.stop();
  clearTimeout(patience);
}
