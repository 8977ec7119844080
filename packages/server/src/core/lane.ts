/**
 * The three root categories are the three lanes: each has its own queues and reserved capacity, so that a
 * one-time password never waits for a campaign. Lower is more urgent; the number is what is stored.
 */
export const LANES = ["system", "transactional", "promotional"] as const;

export type Lane = 0 | 1 | 2;
/** Every lane, most urgent first. */
export const LANE_NUMBERS: readonly Lane[] = [0, 1, 2];

export type RootCategory = (typeof LANES)[number];

export function laneOf(root: RootCategory): Lane {
  return LANES.indexOf(root) as Lane;
}

export function rootOf(lane: Lane): RootCategory {
  return LANES[lane];
}

export function isRootCategory(value: string): value is RootCategory {
  return (LANES as readonly string[]).includes(value);
}
