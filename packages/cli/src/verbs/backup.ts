import { parseArgs } from "node:util";
import { backUp, readConfig } from "@carillon/server";

const MB = 1_000_000;

/** Beside a running server, or without one. */
export async function run(args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [target] = positionals;
  if (target === undefined || positionals.length > 1)
    throw new Error("name one folder, which is made: carillon backup FOLDER");
  const config = readConfig();
  const { folder, bytes } = await backUp(target, config);
  console.log(
    `${folder} is a copy of the database and its keys (${Math.ceil(bytes / MB)} MB). DATA_DIR=${folder} starts from it.`,
  );
  if (config.SECRET_KEY !== undefined) console.log("SECRET_KEY is not in it: keep that, too.");
}
