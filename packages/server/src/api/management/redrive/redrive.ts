import { z } from "zod";
import type { Engine } from "../../../engine/engine.ts";
import { defineRoute, type RouteContext } from "../../../http/route.ts";
import {
  failureFilter,
  type FailureFilter,
  nextFailedMessages,
  nextFailedRuns,
  toFilter,
} from "./failures.ts";

/** What one transaction puts back. */
const PAGE = 500;
/** Of a filter, in one call: beyond it the answer says that there is more. */
const MOST = 10_000;
const SHOWN = 100;

const ids = z
  .array(
    z.string({ error: "must be an id" }).min(1, "must not be empty").max(64, "must be at most 64 characters"),
    {
      error: "must be an array of ids",
    },
  )
  .min(1, "must contain at least 1 item")
  .max(1000, "must contain at maximum 1000 items");

const body = z
  .strictObject(
    {
      executions: ids.optional().describe("Ids of executions."),
      messages: ids.optional().describe("Ids of messages."),
      filter: failureFilter
        .optional()
        .describe("Instead of ids: what the list shows for it. `{}` is all of the last day."),
      include_ambiguous: z
        .boolean()
        .default(false)
        .describe("Also messages that were perhaps sent before their worker or vendor failed."),
      dry_run: z.boolean().default(false).describe("Only say what would be put back."),
    },
    {
      error: ({ code }) =>
        code === "invalid_type"
          ? "must be a map: {executions?, messages?, filter?, include_ambiguous?, dry_run?}"
          : undefined,
    },
  )
  .refine(({ executions, messages, filter }) => (executions ?? messages ?? filter) !== undefined, {
    error: "one of executions, messages, filter is required",
  })
  .refine(
    ({ executions, messages, filter }) => filter === undefined || (executions ?? messages) === undefined,
    {
      path: ["filter"],
      error: "either ids or a filter, not both",
    },
  );

const outcome = z.object({
  redriven: z.int(),
  refused: z.int(),
  redriven_ids: z.array(z.string()).describe(`The first ${SHOWN}.`),
  refusals: z
    .array(z.object({ id: z.string(), code: z.string(), reason: z.string() }))
    .describe(`Why not, for the first ${SHOWN}.`),
});

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/redrive/",
  summary: "Put back executions and messages that failed, each once however often it is asked for.",
  params: z.object({ workspace: z.string() }),
  body,
  reply: {
    status: 200,
    body: z.object({
      dry_run: z.boolean(),
      executions: outcome,
      messages: outcome,
      more: z.boolean().describe(`A call puts back up to ${MOST} of a kind: send it again for the rest.`),
    }),
  },
  errors: ["authentication_failed", "not_found", "validation_error", "bad_json"],
  transaction: false,
  async handle(ctx) {
    const { dry_run, filter } = ctx.body;
    const executions = createTally();
    const messages = createTally();
    const more =
      filter === undefined
        ? await redriveNamed(ctx, executions, messages)
        : await redriveFiltered(ctx, toFilter(filter), executions, messages);
    return { dry_run, executions: executions.outcome, messages: messages.outcome, more };
  },
});

type Context = RouteContext<unknown, unknown, z.output<typeof body>>;

type Redriven = Awaited<ReturnType<Engine["redrive"]>>["executions"];

interface Tally {
  outcome: { redriven: number; refused: number; redriven_ids: string[]; refusals: Redriven["refused"] };
  add: (done: Redriven) => void;
}

function createTally(): Tally {
  const outcome: Tally["outcome"] = { redriven: 0, refused: 0, redriven_ids: [], refusals: [] };
  return {
    outcome,
    add({ redriven, refused }) {
      outcome.redriven += redriven.length;
      outcome.refused += refused.length;
      outcome.redriven_ids.push(...redriven.slice(0, SHOWN - outcome.redriven_ids.length));
      outcome.refusals.push(...refused.slice(0, SHOWN - outcome.refusals.length));
    },
  };
}

async function redriveNamed(
  { auth, services, body: { include_ambiguous, dry_run, ...named } }: Context,
  executions: Tally,
  messages: Tally,
): Promise<boolean> {
  const order = {
    executions: named.executions ?? [],
    messages: named.messages ?? [],
    include_ambiguous,
    dry_run,
  };
  const done = await services.engine.redrive(auth.workspace.workspace_id, order);
  executions.add(done.executions);
  messages.add(done.messages);
  return false;
}

/** Page by page, each by itself: what was put back stays so, and the rest is put back by the next call. */
async function redriveFiltered(
  { auth, services, db, body: { include_ambiguous, dry_run } }: Context,
  filter: FailureFilter,
  executions: Tally,
  messages: Tally,
): Promise<boolean> {
  const { workspace_id } = auth.workspace;
  const rest = { executions: [], messages: [], include_ambiguous, dry_run };
  const moreRuns = await paged(
    (after) => nextFailedRuns(db, workspace_id, filter, after, PAGE),
    async (page) => {
      const done = await services.engine.redrive(workspace_id, { ...rest, executions: page });
      executions.add(done.executions);
      return done.executions.redriven.length;
    },
  );
  const moreMessages = await paged(
    (after) => nextFailedMessages(db, workspace_id, filter, after, PAGE),
    async (page) => {
      const done = await services.engine.redrive(workspace_id, { ...rest, messages: page });
      messages.add(done.messages);
      return done.messages.redriven.length;
    },
  );
  return moreRuns || moreMessages;
}

/** True when there may be more than were taken. What is refused does not count: it would be in the way for ever. */
async function paged(
  next: (after: string) => Promise<string[]>,
  take: (page: string[]) => Promise<number>,
): Promise<boolean> {
  let after = "";
  for (let taken = 0; taken < MOST;) {
    const page = await next(after);
    if (page.length > 0) taken += await take(page);
    after = page.at(-1) ?? "";
    if (page.length < PAGE) return false;
  }
  return true;
}
