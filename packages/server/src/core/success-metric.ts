/**
 * The status metrics by their names in workflows, triggers and forms: one status is `interaction` in the SDKs,
 * `interacted` in the reference and `click` in the dashboard.
 */
const STATUS_METRICS: ReadonlyMap<string, string> = new Map([
  ["delivered", "delivered"],
  ["seen", "seen"],
  ["interaction", "interaction"],
  ["interacted", "interaction"],
  ["click", "interaction"],
  ["clicked", "interaction"],
]);

/** `delivered`, `seen` or `interaction`; null for any other name. */
export function statusMetric(name: string): "delivered" | "seen" | "interaction" | null {
  return (STATUS_METRICS.get(name) ?? null) as ReturnType<typeof statusMetric>;
}
