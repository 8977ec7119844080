/** Latencies counted in steps of which four double the time: a percentile is exact to a tenth. */
const STEPS_PER_DOUBLING = 4;

/** The step that a latency in milliseconds falls into; 0 for at most 1 ms. */
export function stepOf(ms: number): number {
  return ms <= 1 ? 0 : Math.ceil(Math.log2(ms) * STEPS_PER_DOUBLING);
}

/** In milliseconds, the middle of the step in which a share of all calls has been answered; null without calls. */
export function percentile(
  calls: readonly { latency_step: number; calls: number }[],
  share: number,
): number | null {
  const ordered = calls.toSorted((one, other) => one.latency_step - other.latency_step);
  const wanted = ordered.reduce((sum, step) => sum + step.calls, 0) * share;
  let seen = 0;
  for (const { latency_step, calls: count } of ordered) {
    seen += count;
    if (count > 0 && seen >= wanted) return rounded(2 ** ((latency_step - 0.5) / STEPS_PER_DOUBLING));
  }
  return null;
}

function rounded(ms: number): number {
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms);
}
