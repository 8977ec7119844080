/**
 * The order of statuses, which only move forward; clicked and dismissed are equally far. `%` is the expression of a
 * status; null for one that is no step of the way, such as a failure.
 */
const RANK = `array_position(array['to_be_triggered', 'triggered', 'sent_by_vendor', 'delivered', 'seen', 'read', 'clicked'],
  case % when 'dismissed' then 'clicked' else % end)`;

export const rank = (expression: string): string => RANK.replaceAll("%", expression);

/** Statuses of messages that were never sent, or that nobody received: nothing can happen to them any more. */
export const OVER = [
  "trigger_failed",
  "trigger_blocked",
  "failure_by_vendor",
  "not_to_be_triggered",
] as const;

export const OVER_SQL = OVER.map((status) => `'${status}'`).join(", ");
