import type { Queryable } from "../../../db/db.ts";
import type { Evidence, Finding, Question, Verdict } from "./finding.ts";
import { notFoundText } from "../../../recipients/recipient.ts";
import { readBroadcastFindings } from "./broadcasts.ts";
import { judgeRequest } from "./judge-request.ts";
import { judgeRun } from "./judge-run.ts";
import { readRuns, readSurroundings } from "./read.ts";
import { readRequestsNaming, readRequestsOfKey } from "./read-requests.ts";

/**
 * Answers "why did they (not) get it?" from the logs alone: the newest finding decides, the earlier ones are in the
 * evidence. Without a recipient it sums up the results for all recipients of a trigger.
 */
export async function explain(
  db: Queryable,
  question: Question,
  expandingSince: (db: Queryable) => Promise<Date | null>,
): Promise<Omit<Finding, "at">> {
  const findings = await readFindings(db, question, await expandingSince(db));
  const [newest, ...earlier] = findings.toSorted(laterFirst);
  if (newest === undefined) return explainNothing(db, question);
  if (question.distinct_id === null && earlier.length > 0) return sumUp(question, [newest, ...earlier]);
  return {
    verdict: newest.verdict,
    summary: newest.summary,
    evidence: [
      ...newest.evidence,
      ...earlier.map((finding) => ({
        ...referenceOf(finding),
        what: `earlier, ${finding.verdict}: ${finding.summary}`,
      })),
    ],
  };
}

async function readFindings(
  db: Queryable,
  question: Question,
  expanding_since: Date | null,
): Promise<Finding[]> {
  const isByKey = question.idempotency_key !== null;
  const readRequests = isByKey ? readRequestsOfKey : readRequestsNaming;
  // Requests before runs: one that is expanded in between is then seen twice, and not missed.
  const requests = await readRequests(db, question, expanding_since);
  const runs = await readRuns(db, question, isByKey ? requests.map(({ id }) => id) : null);
  const broadcasts = await readBroadcastFindings(db, question);
  const began = new Set(runs.map(({ request_id }) => request_id));
  return [
    ...runs.map(judgeRun),
    ...broadcasts,
    ...requests.flatMap((request) => {
      const isSeen = began.has(request.id) && (question.distinct_id !== null || !request.has_runs);
      return isSeen ? [] : (judgeRequest(request, question) ?? []);
    }),
  ];
}

/** Sorts by request, whose ids are ordered by time: a run may begin long after later requests were accepted. */
function laterFirst(one: Finding, other: Finding): number {
  const [first, second] = [referenceOf(one).request_id ?? "", referenceOf(other).request_id ?? ""];
  if (first !== second) return first < second ? 1 : -1;
  return other.at.getTime() - one.at.getTime();
}

function referenceOf({ at, evidence }: Finding) {
  const [first] = evidence;
  return { when: at, request_id: first?.request_id ?? null, execution_id: first?.execution_id ?? null };
}

/** Sums up a trigger with several recipients or workflows. */
function sumUp({ idempotency_key }: Question, findings: Finding[]): Omit<Finding, "at"> {
  const counts = new Map<Verdict, number>();
  for (const { verdict } of findings) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const [first = "mixed", ...others] = counts.keys();
  const list = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(", ");
  return {
    verdict: others.length === 0 ? first : "mixed",
    summary: `idempotency key '${idempotency_key ?? ""}': ${list}.`,
    evidence: findings.map((finding) => ({
      ...referenceOf(finding),
      what: `${finding.verdict}: ${finding.summary}`,
    })),
  };
}

async function explainNothing(db: Queryable, question: Question): Promise<Omit<Finding, "at">> {
  const { distinct_id, idempotency_key, workflow, since } = question;
  const { is_known, requests, unavailable, aimless } = await readSurroundings(db, question);
  const who = distinct_id === null ? "anybody" : `'${distinct_id}'`;
  const which = idempotency_key === null ? "" : ` under idempotency key '${idempotency_key}'`;
  const seen = `requests seen for ${workflow === null ? "this workspace" : "this workflow"}: ${requests}`;
  const nothing = `nothing was ever triggered for ${who}${which} since ${since.toISOString()} (${seen})`;
  const missing = distinct_id === null || is_known ? null : notFoundText({ object_type: "", distinct_id });
  const isStranger = missing !== null;
  const said = [unavailable, missing, nothing].filter((what) => what !== null);
  const verdict =
    unavailable !== null ? "workflow_unavailable" : isStranger ? "no_such_user" : "nothing_triggered";
  const evidence = said.map((what): Evidence => ({ what, when: null, request_id: null, execution_id: null }));
  if (aimless !== null) {
    const what = `an event could not say whom it is for, and may have meant ${who}: ${aimless.text}`;
    evidence.push({ what, when: aimless.created_at, request_id: aimless.id, execution_id: null });
  }
  return { verdict, summary: `${said.join("; ")}.`, evidence };
}
