import { parseArgs } from "node:util";
import { type Carillon, createCarillon } from "@carillon/sdk";
import { openPosition, refusedName } from "../import/position.ts";
import { createProgress } from "../import/progress.ts";
import { openRecords } from "../import/read-records.ts";
import { listTarget, objectsTarget, type Target, usersTarget, type Values } from "../import/targets.ts";

const USAGE = `carillon import users   FILE    distinct_id, and $email, $sms, … or any other name
carillon import objects FILE    object_type, id, and the same
carillon import lists   FILE    distinct_id; --list ID, and --replace to let them take the place of all members

FILE is .csv, whose first row has the names (age:number, vip:boolean and tags:json say what cells hold), or .ndjson with an
object a line. An import that was interrupted goes on where it was; --restart begins anew. Refused records are written
to FILE.refused.ndjson with the reason.

  --url URL          of the server, or CARILLON_URL; default http://127.0.0.1:3000
  --api-key KEY      or CARILLON_API_KEY: carillon keys --new-api-key import`;

/** Calls the public API: it works from anywhere, on any server. */
export async function run(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      url: { type: "string" },
      "api-key": { type: "string" },
      list: { type: "string" },
      replace: { type: "boolean", default: false },
      restart: { type: "boolean", default: false },
    },
  });
  const [kind, file, ...more] = positionals;
  if (kind === undefined || file === undefined || more.length > 0) throw new Error(USAGE);
  const url = values.url ?? process.env.CARILLON_URL;
  const apiKey = values["api-key"] ?? process.env.CARILLON_API_KEY;
  if (apiKey === undefined) throw new Error("--api-key or CARILLON_API_KEY is needed");
  const carillon = createCarillon({ ...(url === undefined ? {} : { url }), apiKey, app: "carillon-import" });

  const records = openRecords(file);
  const command = [kind, values.list ?? "", values.replace ? "replace" : ""].join(" ");
  const { position, isResumed, note, end } = await openPosition(file, command, values.restart);
  if (isResumed) console.error(`going on after ${position.done} records`);
  const { list, replace } = values;
  const target = await makeTarget(carillon, kind, { list, replace }, position);
  const progress = createProgress(process.stderr);

  let taken = 0;
  let chunk: { values: Values; number: number }[] = [];
  let refused: object[] = [];
  /** Sends what was read; everything up to here is done then. */
  async function flush(): Promise<void> {
    if (taken === position.done) return;
    const refusals = chunk.length === 0 ? [] : await target.send(chunk.map(({ values }) => values));
    for (const { index, reason } of refusals)
      refused.push({ record: chunk[index]?.number, reason, data: chunk[index]?.values });
    position.done = taken;
    await note(refused);
    chunk = [];
    refused = [];
    const share = position.size === 0 ? 1 : records.bytesRead() / position.size;
    progress.show({ done: position.done, refused: position.refused, share: Math.min(share, 1) });
  }

  try {
    for await (const read of records.records) {
      taken++;
      if (taken <= position.done) continue;
      if (read.ok) chunk.push({ values: read.values, number: taken });
      else refused.push({ record: taken, reason: read.reason, data: read.raw });
      if (chunk.length >= target.chunk || refused.length >= target.chunk) await flush();
    }
    await flush();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}\n${position.done} records are done; the same command goes on from there`, {
      cause: error,
    });
  } finally {
    progress.end();
  }
  const remark = await target.finish();
  await end();
  console.log(`${position.done} records, ${position.refused} refused${remark === "" ? "" : `; ${remark}`}`);
  if (position.refused > 0) {
    console.error(`refused records are in ${refusedName(file)}`);
    process.exitCode = 2;
  }
}

async function makeTarget(
  carillon: Carillon,
  kind: string,
  { list, replace }: { list: string | undefined; replace: boolean },
  position: { version_id: string | null },
): Promise<Target> {
  if (kind !== "lists" && (list !== undefined || replace))
    throw new Error("--list and --replace go with `carillon import lists`");
  switch (kind) {
    case "users":
      return usersTarget(carillon);
    case "objects":
      return objectsTarget(carillon);
    case "lists": {
      if (list === undefined) throw new Error("--list is needed: the id of the list");
      await carillon.lists.get(list).catch(async (error: { status?: number }) => {
        if (error.status !== 404) throw error;
        await carillon.lists.upsert(list);
      });
      if (replace) position.version_id ??= (await carillon.lists.startSync(list)).version_id;
      return listTarget(carillon, { list, version_id: replace ? position.version_id : null });
    }
    default:
      throw new Error(`"${kind}" cannot be imported: there are users, objects and lists\n\n${USAGE}`);
  }
}
