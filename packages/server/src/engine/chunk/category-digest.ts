import type { CategorySchedule } from "../../core/schedule/category-schedule.ts";
import { resolveDigest } from "../../core/preferences/digest-schedule.ts";
import type { LivePolicy } from "../../preferences/preferences.ts";
import type { Run, Surroundings } from "../run.ts";
import { concernOf } from "./surroundings.ts";

/** How often the run's recipient wants digests of its category, which is `policy`; null where that has none. */
export function categoryDigest(
  run: Run,
  policy: LivePolicy | null,
  { choices }: Pick<Surroundings, "choices">,
): CategorySchedule | null {
  if (policy === null || policy.category.digest_schedule === null) return null;
  const chosen = choices.get(run.workspace_id)?.(concernOf(run));
  return resolveDigest(
    policy.category.digest_schedule,
    policy.tenant_category?.digest_schedule ?? null,
    chosen?.digest_schedule ?? null,
  );
}
