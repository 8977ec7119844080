import { open, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";

/**
 * How far an import has come, in a file beside the one that is imported: after an interruption the same command goes on
 * from there. What was sent after the last note is sent again, which changes nothing: imports set values, and add addresses
 * and members once.
 */
export interface Position {
  /** What is imported, and how: another command begins anew. */
  command: string;
  size: number;
  modified_ms: number;
  /** Records that are done, refused ones included. */
  done: number;
  refused: number;
  /** The length of the file of refused records. */
  refused_bytes: number;
  /** The draft that is being filled. */
  version_id: string | null;
}

export interface PositionFile {
  position: Position;
  /** True if an earlier run left it. */
  isResumed: boolean;
  /** Writes refused records, then the position. */
  note: (refused: readonly object[]) => Promise<void>;
  /** The import is complete. */
  end: () => Promise<void>;
}

export const refusedName = (file: string): string => `${file}.refused.ndjson`;
const positionName = (file: string): string => `${file}.import.json`;

export async function openPosition(file: string, command: string, restart: boolean): Promise<PositionFile> {
  const { size, mtimeMs } = await stat(file);
  const fresh: Position = {
    command,
    size,
    modified_ms: mtimeMs,
    done: 0,
    refused: 0,
    refused_bytes: 0,
    version_id: null,
  };
  const known = restart ? null : await readPosition(positionName(file));
  const isResumed =
    known !== null && known.command === command && known.size === size && known.modified_ms === mtimeMs;
  const position = isResumed ? known : fresh;
  const refusedFile = refusedName(file);
  if (position.refused_bytes === 0) await rm(refusedFile, { force: true });
  // What was written after the last note will be written again.
  else await truncate(refusedFile, position.refused_bytes);

  async function save(): Promise<void> {
    const name = positionName(file);
    await writeFile(`${name}.new`, JSON.stringify(position));
    await rename(`${name}.new`, name);
  }

  return {
    position,
    isResumed,
    async note(refused) {
      if (refused.length > 0) {
        const lines = Buffer.from(refused.map((one) => `${JSON.stringify(one)}\n`).join(""));
        const handle = await open(refusedFile, "a");
        await handle.writeFile(lines);
        await handle.close();
        position.refused += refused.length;
        position.refused_bytes += lines.length;
      }
      await save();
    },
    end: () => rm(positionName(file), { force: true }),
  };
}

async function readPosition(name: string): Promise<Position | null> {
  try {
    return JSON.parse(await readFile(name, "utf8")) as Position;
  } catch {
    return null;
  }
}
