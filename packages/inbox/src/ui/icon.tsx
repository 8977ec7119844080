import type { ReactNode } from "react";

/** Drawn with lines on a field of 20 by 20. */
const PATHS = {
  bell: "M10 2.5a5 5 0 0 0-5 5c0 4.5-2 5.5-2 7h14c0-1.5-2-2.5-2-7a5 5 0 0 0-5-5zM8 17.5a2.2 2.2 0 0 0 4 0",
  check: "M4 10.5l4 4 8-9",
  checks: "M2 10.5l4 4 7-9M10 13l1.5 1.5 7-9",
  archive: "M3 4h14v4H3zM4.5 8v8h11V8M8 11h4",
  inbox: "M3 11l2-7h10l2 7v5H3zM3 11h4l1 2h4l1-2h4",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  pin: "M7 3h6l-.5 6 2.5 3H5l2.5-3zM10 12v5",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4.2l2.8 1.8",
  close: "M5 5l10 10M15 5L5 15",
  dot: "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  up: "M10 16V4M5 9l5-5 5 5",
  back: "M12 4l-6 6 6 6",
  settings: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  sound: "M4 8v4h3l4 3.5v-11L7 8zM14 7.5a4 4 0 0 1 0 5",
  alert: "M10 3l8 14H2zM10 8v4M10 14.5h.01",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): ReactNode {
  return (
    <svg className="carillon-icon" data-icon={name} viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
