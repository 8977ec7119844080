import { z } from "zod";
import type { Redriven, RedriveKind } from "../../../engine/engine.ts";
import { defineRoute, type RouteContext } from "../../../http/route.ts";
import { advise } from "./advice.ts";
import {
  failureFilter,
  type FailureFilter,
  nextFailedMessages,
  nextFailedRequests,
  nextFailedRuns,
  toFilter,
} from "./failures.ts";

/** The number redriven in one transaction. */
const PAGE = 500;
/** The maximum for a filter in one call: beyond it the response reports that there is more. */
const MOST = 10_000;
const SHOWN = 100;

const manyOf = (id: z.ZodString | z.ZodUUID) =>
  z
    .array(id, { error: "must be an array of ids" })
    .min(1, "must contain at least 1 item")
    .max(1000, "must contain at maximum 1000 items");

const ids = manyOf(
  z.string({ error: "must be an id" }).min(1, "must not be empty").max(64, "must be at most 64 characters"),
);

const body = z
  .strictObject(
    {
      requests: manyOf(z.uuid({ error: "must be the id of a request" }))
        .optional()
        .describe("Ids of requests that came to no execution."),
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
          ? "must be a map: {requests?, executions?, messages?, filter?, include_ambiguous?, dry_run?}"
          : undefined,
    },
  )
  .refine(
    ({ requests, executions, messages, filter }) =>
      (requests ?? executions ?? messages ?? filter) !== undefined,
    {
      error: "one of requests, executions, messages, filter is required",
    },
  )
  .refine(
    ({ requests, executions, messages, filter }) =>
      filter === undefined || (requests ?? executions ?? messages) === undefined,
    {
      path: ["filter"],
      error: "either ids or a filter, not both",
    },
  )
  .meta({ example: { filter: { workflow: "order-confirmed" }, dry_run: true } });

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
  summary: "Put back requests, executions and messages that failed, each once however often it is asked for.",
  params: z.object({ workspace: z.string() }),
  body,
  reply: {
    status: 200,
    body: z.object({
      dry_run: z.boolean(),
      requests: outcome,
      executions: outcome,
      messages: outcome,
      more: z.boolean().describe(`A call puts back up to ${MOST} of a kind: send it again for the rest.`),
    }),
  },
  errors: ["authentication_failed", "not_found", "validation_error", "bad_json"],
  transaction: false,
  async handle(ctx) {
    const { dry_run, filter } = ctx.body;
    const tallies = { requests: createTally(), executions: createTally(), messages: createTally() };
    const more =
      filter === undefined
        ? await redriveNamed(ctx, tallies)
        : await redriveFiltered(ctx, toFilter(filter), tallies);
    for (const kind of KINDS) {
      const { outcome } = tallies[kind];
      outcome.refusals = await advise(ctx.db, ctx.auth.workspace.workspace_id, kind, outcome.refusals);
    }
    const { requests, executions, messages } = tallies;
    return {
      dry_run,
      requests: requests.outcome,
      executions: executions.outcome,
      messages: messages.outcome,
      more,
    };
  },
});

type Context = RouteContext<unknown, unknown, z.output<typeof body>>;

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

type Tallies = Record<RedriveKind, Tally>;

const KINDS = ["requests", "executions", "messages"] as const;

async function redriveNamed(
  { auth, services, body: { include_ambiguous, dry_run, ...named } }: Context,
  tallies: Tallies,
): Promise<boolean> {
  const { requests = [], executions = [], messages = [] } = named;
  const order = { requests, executions, messages, include_ambiguous, dry_run };
  const done = await services.engine.redrive(auth.workspace.workspace_id, order);
  for (const kind of KINDS) tallies[kind].add(done[kind]);
  return false;
}

const NEXT = { requests: nextFailedRequests, executions: nextFailedRuns, messages: nextFailedMessages };

/**
 * Redrives page by page, each in its own transaction: finished pages stay redriven, and the next call redrives the
 * rest.
 */
async function redriveFiltered(
  { auth, services, db, body: { include_ambiguous, dry_run } }: Context,
  filter: FailureFilter,
  tallies: Tallies,
): Promise<boolean> {
  const { workspace_id } = auth.workspace;
  const rest = { requests: [], executions: [], messages: [], include_ambiguous, dry_run };
  let more = false;
  for (const kind of KINDS) {
    const isMore = await paged(
      (after) => NEXT[kind](db, workspace_id, filter, { after, limit: PAGE }),
      async (page) => {
        const done = await services.engine.redrive(workspace_id, { ...rest, [kind]: page });
        tallies[kind].add(done[kind]);
        return done[kind].redriven.length;
      },
    );
    more ||= isMore;
  }
  return more;
}

/** True if there may be more than were taken. Refused ones do not count: they would block the limit forever. */
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
