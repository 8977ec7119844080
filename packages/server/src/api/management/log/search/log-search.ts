import { z } from "zod";
import { LOG_NAMES, type LogName } from "../../../../core/log-query/fields.ts";
import { type LogQuery, type Moment, parseLogQuery } from "../../../../core/log-query/parse-log-query.ts";
import { hasRight, roleIn } from "../../../../core/people/roles.ts";
import { recipientName } from "../../../../core/text/recipient-name.ts";
import { AppError } from "../../../../errors.ts";
import type { Auth, Principal } from "../../../../http/request.ts";
import type { RouteContext } from "../../../../http/route.ts";
import { oneOf, singleText } from "../../../filter-values.ts";
import { findAddressOwners } from "../../address-owners.ts";
import { conditionsOf } from "./conditions.ts";
import type { Scan } from "./scan.ts";

/** What the search and the histogram share: the question, and the span of time that it is asked of. */
export const logParams = z.object({
  workspace: z.string(),
  log: z.enum(LOG_NAMES as [LogName, ...LogName[]], oneOf(LOG_NAMES)),
});

export const queryField = singleText
  .default("")
  .describe(
    'Filters and texts, all of which must hold: `status:failed user:ada@example.com workflow:order-* since:2h "timed out"`. Without `since` it is asked of the last day.',
  );

export const scannedShape = z
  .object({
    since: z.string().describe("How far back the log was read for this answer."),
    until: z.string(),
    is_complete: z.boolean().describe("The whole span was read; else go on from `meta.after`."),
  })
  .describe("What was searched, within the time that one answer may take.");

const DAY_MS = 86_400_000;

/** Refuses a query that cannot be applied as it stands: `detail` has each problem with its place in the text. */
export async function toScan(
  log: LogName,
  text: string,
  { auth, db, services }: Pick<RouteContext<unknown, unknown, unknown>, "auth" | "db" | "services">,
): Promise<Omit<Scan, "before">> {
  const parsed = parseLogQuery(text, log);
  if (!parsed.ok) {
    const [first] = parsed.problems;
    throw new AppError("validation_error", `q: ${first?.message ?? "cannot be read"}`, {
      detail: { q: parsed.problems },
    });
  }
  const { query } = parsed;
  guardTexts(auth, log, query);
  const now = Date.now();
  const until = momentOf(query.until, now) ?? new Date(now);
  const since = momentOf(query.since, now) ?? new Date(until.getTime() - DAY_MS);
  if (since >= until) {
    throw new AppError("validation_error", "q: since must be before until", { detail: { q: [] } });
  }
  const { workspace_id } = auth.workspace;
  const asking = {
    workspace_id,
    expanding_since: log === "request" ? await services.engine.expandingSince(db) : null,
    owners: await findOwners(workspace_id, query, { db, services }),
  };
  return { log, workspace_id, conditions: conditionsOf(log, query, asking), since, until };
}

/** The log of a run has the values that its gates saw: who may not see them could find them out by asking. */
function guardTexts(auth: Principal & Auth, log: LogName, { texts }: LogQuery): void {
  if (auth.member === undefined || log !== "execution" || texts.length === 0) return;
  const role = roleIn(auth.member.grants, auth.workspace.workspace_id);
  if (role !== null && hasRight(role, "personal.read")) return;
  const right = "personal.read";
  throw new AppError("permission_denied", `q: texts of runs can be searched with the right "${right}"`, {
    detail: { right, role },
  });
}

function momentOf(moment: Moment | null, now: number): Date | null {
  if (moment === null) return null;
  return "at" in moment ? moment.at : new Date(now - moment.ago_ms);
}

/** Whose the addresses are that the query has for `user`. */
async function findOwners(
  workspace_id: number,
  { filters }: LogQuery,
  { db, services }: Pick<RouteContext<unknown, unknown, unknown>, "db" | "services">,
): Promise<Map<string, string[]>> {
  const owners = new Map<string, string[]>();
  for (const { text } of filters.filter(({ field }) => field === "user").flatMap(({ values }) => values)) {
    const found = await findAddressOwners(db, workspace_id, text, services);
    owners.set(text, found.map(recipientName));
  }
  return owners;
}
