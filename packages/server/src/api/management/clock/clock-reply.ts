import { z } from "zod";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import type { Services } from "../../../services.ts";
import { readClock } from "../../../workspaces/clock.ts";
import type { Workspace } from "../../../workspaces/workspaces.ts";

export const clockReply = z.object({
  now: z.string().describe("The workspace's time."),
  frozen: z.boolean(),
  offset_seconds: z.number().describe("How far a clock that runs is ahead of real time."),
  advancing_to: z.string().nullable().describe("Where the clock is on its way to; null once it is there."),
});

/** Real people's messages must not be sent by a clock under test. */
export function expectSandbox({ mode, slug }: Workspace): void {
  if (mode === "sandbox") return;
  throw new AppError(
    "validation_error",
    `workspace: '${slug}' is a production workspace; only sandbox workspaces have a test clock`,
  );
}

export async function presentClock(
  db: Queryable,
  { workspace_id }: Workspace,
  { engine }: Pick<Services, "engine">,
): Promise<z.input<typeof clockReply>> {
  const { now, frozen, offset_ms, advancing_to } = await readClock(db, workspace_id, await engine.clock(db));
  return {
    now: microsZ(now),
    frozen,
    offset_seconds: frozen ? 0 : offset_ms / 1000,
    advancing_to: orNull(microsZ, advancing_to),
  };
}
