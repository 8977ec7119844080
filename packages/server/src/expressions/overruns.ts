/**
 * Expressions that use up their time and fail. A run is one of many, and a walk awaits nothing: what failed so for one
 * of a campaign's recipients would do so again for each of the others, while a one-time password waits. Where it has
 * happened a few times, the expression is refused for a minute. What is slow but comes to a value goes on.
 */
export interface Overruns {
  /** Why this expression is refused at the moment; null when it is not. */
  refusal: (workspace_id: number, expression: string) => string | null;
  /** It failed, after so many milliseconds. */
  failed: (workspace_id: number, expression: string, ms: number) => void;
}

/** Half of what the quickest of the languages' limits allows: that of jq's steps. */
const SLOW_MS = 25;
/** Recipients differ: what is too much of one may be little of the next. */
const STRIKES = 3;
const PENALTY_MS = 60_000;
/** Of one workspace: nobody makes room for more by being refused often. */
const MAX_EXPRESSIONS = 200;

interface Strike {
  count: number;
  until: number;
}

export function createOverruns(clock: () => number = Date.now): Overruns {
  const workspaces = new Map<number, Map<string, Strike>>();

  function find(workspace_id: number, expression: string): Strike | null {
    const known = workspaces.get(workspace_id)?.get(expression) ?? null;
    return known === null || known.until > clock() ? known : null;
  }

  return {
    refusal(workspace_id, expression) {
      if (workspaces.size === 0 || (find(workspace_id, expression)?.count ?? 0) < STRIKES) return null;
      return `took too long ${STRIKES} times; it is not tried again for a minute`;
    },
    failed(workspace_id, expression, ms) {
      if (ms < SLOW_MS) return;
      const count = (find(workspace_id, expression)?.count ?? 0) + 1;
      let own = workspaces.get(workspace_id) ?? new Map<string, Strike>();
      if (own.size >= MAX_EXPRESSIONS) own = new Map();
      own.set(expression, { count, until: clock() + PENALTY_MS });
      workspaces.set(workspace_id, own);
    },
  };
}
