/**
 * Expressions that use up their time and fail. A run is one of many, and a walk awaits nothing: an expression that
 * failed this way for one recipient of a campaign would do so for each of the others, while a one-time password waits.
 * After a few such failures the expression is refused for a minute. A slow expression that yields a value is not
 * affected.
 */
export interface Overruns {
  /** Why this expression is currently refused; null when it is not. */
  refusal: (workspace_id: number, expression: string) => string | null;
  /** Records a failure after this many milliseconds. */
  failed: (workspace_id: number, expression: string, ms: number) => void;
}

/** Half of the shortest limit of the languages: that of jq's steps. */
const SLOW_MS = 25;
/** Recipients differ: an expression that is too expensive for one may be cheap for the next. */
const STRIKES = 3;
const PENALTY_MS = 60_000;
/** Per workspace: a workspace cannot get more by being refused often. */
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
